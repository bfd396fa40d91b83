{{- define "silver-guardian.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "silver-guardian.selector" -}}
app.kubernetes.io/name: silver-guardian-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "silver-guardian.labels" -}}
{{ include "silver-guardian.selector" . }}
{{ include "silver-guardian.common" . }}
{{- end }}

{{- define "silver-guardian.common" -}}
app.kubernetes.io/part-of: silver-guardian
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
{{- end }}

{{- define "silver-guardian.image" -}}
{{- printf "%s:%s" .image.repository (.image.tag | default .root.Chart.AppVersion) -}}
{{- with .image.digest }}@{{ . }}{{ end -}}
{{- end }}

{{- define "silver-guardian.sharedSecret" -}}
{{- .Values.sharedSecret.existingSecret | default (printf "%s-shared" (include "silver-guardian.name" .)) -}}
{{- end }}

{{- /* Who writes down what is said: amazon, local or supplied; empty where nobody was chosen. Of an analyzer. */ -}}
{{- define "silver-guardian.transcriber" -}}
{{- with .transcription }}{{ .engine | default (empty $.models | ternary "" "local") }}{{ end -}}
{{- end }}

{{- /* Whether an analyzer is on: as it says, or else where what is said can be written down. "true", or empty. */ -}}
{{- define "silver-guardian.enabled" -}}
{{- if eq (toString .enabled) "auto" -}}
{{- if include "silver-guardian.transcriber" . }}true{{ end -}}
{{- else if .enabled }}true{{ end -}}
{{- end }}

{{- /* Variables of the context analyzer that its other values stand for. As JSON. */ -}}
{{- define "silver-guardian.contextEnv" -}}
{{- $env := dict -}}
{{- with .transcription -}}
{{- with include "silver-guardian.transcriber" $ }}{{ $_ := set $env "GUARDIAN_CONTEXT_TRANSCRIBER" . }}{{ end -}}
{{- with .model }}{{ $_ := set $env "GUARDIAN_CONTEXT_SPEECH_MODEL" . }}{{ end -}}
{{- with .language }}{{ $_ := set $env "GUARDIAN_CONTEXT_LANGUAGE" . }}{{ end -}}
{{- with .transcriptsURI }}{{ $_ := set $env "GUARDIAN_CONTEXT_TRANSCRIPTS" . }}{{ end -}}
{{- if and (eq .engine "local") (empty $.models) -}}
{{- fail "analyzers.context.models: give the image or the claim that holds the model for speech" -}}
{{- end -}}
{{- if and (eq .engine "amazon") (not .transcriptsURI) (not (hasKey $.env "GUARDIAN_CONTEXT_TRANSCRIPTS")) -}}
{{- fail "analyzers.context.transcription.transcriptsURI: say where Amazon Transcribe writes to, as s3://BUCKET/PREFIX/" -}}
{{- end -}}
{{- end -}}
{{- with .languageModel -}}
{{- if and .url (not .name) }}{{ fail "analyzers.context.languageModel.name: name the model that the endpoint has" }}{{ end -}}
{{- with .name }}{{ $_ := set $env "GUARDIAN_CONTEXT_MODEL" . }}{{ end -}}
{{- with .url }}{{ $_ := set $env "GUARDIAN_CONTEXT_MODEL_URL" . }}{{ end -}}
{{- with .keySecret -}}
{{- if .name }}{{ $_ := set $env "GUARDIAN_CONTEXT_MODEL_KEY" (dict "secretKey" (dict "name" .name "key" .key)) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- $env | toJson -}}
{{- end }}

{{- define "silver-guardian.scalerPort" -}}
9090
{{- end }}

{{- /* Variables for S3, overridden by those given by name: a map, so that no name occurs twice. As JSON. */ -}}
{{- define "silver-guardian.env" -}}
{{- $s3 := .root.Values.s3 -}}
{{- $env := dict -}}
{{- with $s3.region }}{{ $_ := set $env "AWS_REGION" . }}{{ end -}}
{{- with $s3.endpointURL }}{{ $_ := set $env "AWS_ENDPOINT_URL_S3" . }}{{ end -}}
{{- with $s3.credentialsSecret.name -}}
{{- $_ := set $env "AWS_ACCESS_KEY_ID" (dict "secretKey" (dict "name" . "key" $s3.credentialsSecret.accessKeyIDKey)) -}}
{{- $_ := set $env "AWS_SECRET_ACCESS_KEY" (dict "secretKey" (dict "name" . "key" $s3.credentialsSecret.secretAccessKeyKey)) -}}
{{- end -}}
{{- with .root.Values.tracing -}}
{{- if .endpoint -}}
{{- $_ := set $env "OTEL_EXPORTER_OTLP_ENDPOINT" .endpoint -}}
{{- $_ := set $env "OTEL_TRACES_SAMPLER_ARG" (toString .ratio) -}}
{{- end -}}
{{- end -}}
{{- merge (deepCopy .env) $env | toJson -}}
{{- end }}

{{- /* What every namespace may ask: what is given, or all that is on and sends nothing out of the cluster. As JSON. */ -}}
{{- define "silver-guardian.everybodysAnalyzers" -}}
{{- $names := list "audio" "video" -}}
{{- range $name, $analyzer := .Values.analyzers -}}
{{- $model := dig "GUARDIAN_CONTEXT_MODEL" (dig "languageModel" "name" "" $analyzer | default "none") ($analyzer.env | default dict) -}}
{{- $away := and (hasKey $analyzer "transcription") (or (eq (include "silver-guardian.transcriber" $analyzer) "amazon") (ne $model "none")) -}}
{{- if and (include "silver-guardian.enabled" $analyzer) (not $away) }}{{ $names = append $names $name }}{{ end -}}
{{- end -}}
{{- $given := dig "*" "analyzers" nil .Values.operator.limits -}}
{{- kindIs "invalid" $given | ternary ($names | uniq) $given | toJson -}}
{{- end }}

{{- /* The limits as the operator takes them: without the quotas, which the API server keeps. As JSON. */ -}}
{{- define "silver-guardian.limits" -}}
{{- $limits := dict "*" (dict "analyzers" (include "silver-guardian.everybodysAnalyzers" . | fromJsonArray)) -}}
{{- range $namespace, $given := .Values.operator.limits -}}
{{- $own := dict -}}
{{- range $key, $value := omit $given "maxRequests" }}{{ if not (kindIs "invalid" $value) }}{{ $_ := set $own $key $value }}{{ end }}{{ end -}}
{{- $_ := set $limits $namespace (merge $own (get $limits $namespace | default dict)) -}}
{{- end -}}
{{- $limits | toJson -}}
{{- end }}

{{- /* How PostgreSQL is reached: the Secret as a file, since its password may change, and who may be believed. As JSON. */ -}}
{{- define "silver-guardian.database.env" -}}
{{- $ca := ternary "/etc/database/ca.pem" "system" (ne .Values.database.ca.configMap "") -}}
{{- dict "GUARDIAN_DATABASE_URL_FILE" "/etc/database/url" "PGSSLMODE" .Values.database.sslMode "PGSSLROOTCERT" $ca | toJson -}}
{{- end }}

{{- define "silver-guardian.database.files" -}}
sources:
  - secret: {name: {{ .secret }}, items: [{key: {{ .key }}, path: url}]}
  {{- with .root.Values.database.ca.configMap }}
  - configMap: {name: {{ . }}, items: [{key: {{ $.root.Values.database.ca.key }}, path: ca.pem}]}
  {{- end }}
{{- end }}
