//go:build tools

// Package tools pins OpenTofu, which the tests of terraform/ run.
package tools

import _ "github.com/opentofu/opentofu/cmd/tofu"
