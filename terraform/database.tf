# PostgreSQL for the records of requests. Off by default: it would be the largest cost while nothing runs.
resource "aws_db_subnet_group" "this" {
  count = var.create_database ? 1 : 0

  name       = var.name
  subnet_ids = local.cluster.subnet_ids
}

resource "aws_security_group" "database" {
  count = var.create_database ? 1 : 0

  name        = "${var.name}-database"
  description = "PostgreSQL of Silver Guardian, reached from the cluster only"
  vpc_id      = local.cluster.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "database" {
  # The number of groups is known before their ids are.
  for_each = var.create_database ? toset(local.create_cluster ? ["cluster", "nodes"] : ["cluster"]) : toset([])

  security_group_id            = aws_security_group.database[0].id
  description                  = "PostgreSQL from the ${each.key}"
  referenced_security_group_id = each.key == "nodes" ? local.cluster.node_security_groups[0] : local.cluster.security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_db_parameter_group" "this" {
  count = var.create_database ? 1 : 0

  name_prefix = "${var.name}-"
  family      = "postgres17"

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_instance" "this" {
  # checkov:skip=CKV_AWS_118: Enhanced monitoring costs more than the smallest database; CloudWatch's own metrics stay.
  # checkov:skip=CKV_AWS_157: By variable. Without the database analyses go on, and the records are written later.
  # checkov:skip=CKV_AWS_161: The services that read the secret are the only users of the password.
  # checkov:skip=CKV_AWS_293: By variable: delete_data_on_destroy = false protects it.
  # checkov:skip=CKV_AWS_353: The smallest instance class has no Performance Insights.
  count = var.create_database ? 1 : 0

  identifier     = var.name
  engine         = "postgres"
  engine_version = "17"
  instance_class = var.database.instance_class
  db_name        = "silver_guardian"
  username       = "silver_guardian"

  # RDS creates the password, keeps it in Secrets Manager, and rotates it: it is in no state file and no variable.
  manage_master_user_password = true

  allocated_storage     = var.database.allocated_storage_gib
  max_allocated_storage = var.database.allocated_storage_gib * 5
  storage_type          = "gp3"
  storage_encrypted     = true
  kms_key_id            = var.kms_key_arn

  db_subnet_group_name   = aws_db_subnet_group.this[0].name
  vpc_security_group_ids = [aws_security_group.database[0].id]
  parameter_group_name   = aws_db_parameter_group.this[0].name
  publicly_accessible    = false
  multi_az               = var.database.multi_az

  auto_minor_version_upgrade      = true
  backup_retention_period         = 7
  copy_tags_to_snapshot           = true
  enabled_cloudwatch_logs_exports = ["postgresql", "upgrade"]

  deletion_protection       = !var.delete_data_on_destroy
  skip_final_snapshot       = var.delete_data_on_destroy
  final_snapshot_identifier = var.delete_data_on_destroy ? null : "${var.name}-final"
  delete_automated_backups  = var.delete_data_on_destroy
}

resource "aws_secretsmanager_secret_rotation" "database" {
  # checkov:skip=CKV_AWS_304: It does not see the default of an optional attribute, which is 60 days.
  count = var.create_database ? 1 : 0

  secret_id          = aws_db_instance.this[0].master_user_secret[0].secret_arn
  rotate_immediately = false

  rotation_rules {
    automatically_after_days = var.database.password_rotation_days
  }
}
