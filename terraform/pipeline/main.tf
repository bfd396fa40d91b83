# What the pipeline does, as JSON: computed from names alone. No provider is needed, so `tofu apply` evaluates it anywhere.
terraform {
  required_version = ">= 1.11.0"
}

locals {
  cluster = {
    cluster_name          = var.cluster.name
    endpoint              = var.cluster.endpoint
    certificate_authority = var.cluster.certificate_authority
    namespace             = var.namespace
    poll_seconds          = var.poll_seconds
    wait_seconds          = var.wait_seconds
    retry                 = file("${path.module}/retry.asl.json")
  }

  branches = [
    for analyzer in ["audio", "video", "context"] : templatefile("${path.module}/branch.asl.json", merge(local.cluster, {
      analyzer = analyzer
      create = templatefile(
        "${path.module}/${var.create_state_machine_arn == null ? "create_by_call" : "create_by_token"}.asl.json",
        merge(local.cluster, { analyzer = analyzer, create_state_machine_arn = var.create_state_machine_arn }),
      )
    }))
  ]
}
