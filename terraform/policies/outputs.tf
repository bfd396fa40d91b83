output "json" {
  description = "Service → its policy as JSON."
  value       = { for service, statements in local.statements : service => jsonencode({ Version = "2012-10-17", Statement = concat(statements, local.use_key) }) }
}
