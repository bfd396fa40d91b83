# The rules that TFLint brings along. Registry modules are not downloaded; those in this folder are followed.
config {
  call_module_type = "local"
}

plugin "terraform" {
  enabled = true
  preset  = "all"
}

# The flat root is in files by subject, named in main.tf, not by kind of block.
rule "terraform_standard_module_structure" {
  enabled = false
}
