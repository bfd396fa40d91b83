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

  create = var.create_state_machine_arn == null ? "create_by_call" : "create_by_token"

  requests = {
    for analyzer in ["audio", "video", "context"] : analyzer => templatefile("${path.module}/branch.asl.json", merge(local.cluster, {
      analyzer = analyzer
      create = templatefile("${path.module}/${local.create}.asl.json", merge(local.cluster, {
        analyzer                 = analyzer
        create_state_machine_arn = var.create_state_machine_arn
      }))
    }))
  }

  function = var.context_function == null ? {} : {
    context = templatefile("${path.module}/ask_function.asl.json", {
      analyzer         = "context"
      function_arn     = var.context_function.arn
      function_seconds = var.context_function.seconds
      results          = var.context_function.results
    })
  }

  branches = [for analyzer in concat(["audio", "video"], var.words ? ["context"] : []) : merge(local.requests, local.function)[analyzer]]
}
