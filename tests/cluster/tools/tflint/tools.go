//go:build tools

// Package tools pins tflint, which the tests of terraform/ run.
package tools

import _ "github.com/terraform-linters/tflint"
