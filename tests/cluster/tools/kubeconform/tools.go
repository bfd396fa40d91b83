//go:build tools

// Package tools pins what checks the rendered chart against the schemas of Kubernetes and of our own definitions.
package tools

import _ "github.com/yannh/kubeconform/cmd/kubeconform"
