//go:build tools

package tools

// Its module brings the definitions of the kinds that the chart makes for Prometheus.
import _ "github.com/prometheus-operator/prometheus-operator/pkg/versionutil"
