data "aws_availability_zones" "available" {
  # checkov:skip=CKV_AWS_394: Only the first three are taken; a zone that AWS adds comes behind them.
  state = "available"

  # Local and Wavelength zones take no EKS control plane.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  zones = slice(data.aws_availability_zones.available.names, 0, min(3, length(data.aws_availability_zones.available.names)))
}

module "vpc" {
  source  = "terraform-aws-modules/vpc/aws"
  version = "6.6.0"
  count   = local.create_cluster ? 1 : 0

  name = var.name
  cidr = var.vpc_cidr
  azs  = local.zones

  # Three quarters for pods and nodes; of the last quarter three quarters for what faces the internet.
  private_subnets = [for index, zone in local.zones : cidrsubnet(var.vpc_cidr, 2, index)]
  public_subnets  = [for index, zone in local.zones : cidrsubnet(var.vpc_cidr, 4, 12 + index)]

  enable_nat_gateway      = true
  single_nat_gateway      = var.single_nat_gateway
  one_nat_gateway_per_az  = !var.single_nat_gateway
  map_public_ip_on_launch = false

  public_subnet_tags  = { "kubernetes.io/role/elb" = "1" }
  private_subnet_tags = { "kubernetes.io/role/internal-elb" = "1" }
}

# Recordings and images (ECR keeps its layers in S3) go this way for nothing, not through the NAT gateway.
resource "aws_vpc_endpoint" "s3" {
  count = local.create_cluster ? 1 : 0

  vpc_id            = module.vpc[0].vpc_id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = module.vpc[0].private_route_table_ids

  tags = { Name = "${var.name}-s3" }
}
