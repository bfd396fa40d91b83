output "definition" {
  description = "The state machine, in the Amazon States Language."
  value       = templatefile("${path.module}/state_machine.asl.json", merge(local.cluster, { branches = join(",\n", local.branches) }))
}

output "event_pattern" {
  description = "Which events start it: a new object that is not empty, under one of the prefixes."
  value = templatefile("${path.module}/upload_event.json", {
    media_bucket = var.media_bucket
    keys         = jsonencode([for prefix in var.prefixes : { prefix = prefix }])
  })
}

output "create_definition" {
  description = "The state machine that makes one request with a task token."
  value       = templatefile("${path.module}/create_request.asl.json", local.cluster)
}
