#!/usr/bin/env bash
# Installs Silver Guardian on EKS with one command, and removes it again. docs/deploy.md explains each step.
# Runs with bash 3.2, which macOS still has.
set -euo pipefail

readonly STEPS="check infrastructure images release ready smoke"
readonly IMAGES="operator audio video context status-api"
readonly PLATFORMS="linux/amd64,linux/arm64"
readonly RELEASE=silver-guardian
readonly BUILDER=silver-guardian
readonly DATABASE_SECRET=silver-guardian-database
readonly READER_SECRET=silver-guardian-database-reader # of the status API, which may read the tables and nothing else
readonly READER_ROLE=status_api
readonly DATABASE_CA=https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem

cd "$(dirname "${BASH_SOURCE[0]}")"
readonly CHART=charts/silver-guardian

usage() {
    cat << END
Usage: ./deploy.sh [--plan | --step NAME | --destroy] [--tag TAG] [--yes]

Without an option: all steps, one after the other. It can run any number of times; existing parts stay.

  --plan       show what would be done, and change nothing
  --step NAME  only one step: ${STEPS// /, }
  --destroy    remove everything, including recordings and results
  --tag TAG    tag of the images; default: a hash of their sources
  --yes        with --destroy: do not ask

Variables of terraform/variables.tf come from terraform/terraform.tfvars or from TF_VAR_…
END
}

# ---------------------------------------------------------------- messages

say() { printf '%s\n' "$*"; }
title() { printf '\n== %s\n' "$*"; }
die() {
    printf 'Error: %s\n' "$*" >&2
    exit 1
}

# ---------------------------------------------------------------- check

missing=""
lacks() { missing="$missing
  - $*"; }

needs() {
    command -v "$1" > /dev/null || lacks "$1: $2"
}

find_terraform() {
    TERRAFORM=$(command -v terraform || command -v tofu || true)
}

check_docker() {
    command -v docker > /dev/null || return 0
    docker info > /dev/null 2>&1 || lacks "a Docker daemon: docker info does not answer; start Docker"
    docker buildx version > /dev/null 2>&1 || lacks "docker buildx: https://docs.docker.com/build/install-buildx/"
}

check_credentials() {
    command -v aws > /dev/null || return 0
    IDENTITY=$(aws sts get-caller-identity --query Arn --output text 2> /dev/null) ||
        lacks "AWS credentials: aws sts get-caller-identity fails; run aws configure or aws sso login, or set AWS_PROFILE"
}

step_check() {
    title "check: tools and credentials"
    missing=""
    needs aws "AWS CLI 2, https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
    needs docker "with buildx, https://docs.docker.com/engine/install/"
    needs helm "https://helm.sh/docs/intro/install/"
    needs kubectl "https://kubernetes.io/docs/tasks/tools/"
    needs jq "https://jqlang.org/download/"
    find_terraform
    [[ -n $TERRAFORM ]] || lacks "terraform 1.11 or tofu 1.11: https://opentofu.org/docs/intro/install/"
    check_docker
    check_credentials
    [[ -z $missing ]] || die "these are missing:$missing"
    say "every tool is installed; your AWS identity is $IDENTITY"
}

# ---------------------------------------------------------------- infrastructure

terraform_in() { "$TERRAFORM" -chdir=terraform "$@"; }

# All outputs are read once: each call of terraform takes seconds with a state in S3.
read_outputs() {
    [[ -s $WORK/outputs.json ]] || terraform_in output -json > "$WORK/outputs.json" 2> "$WORK/output.log" ||
        printf '{}' > "$WORK/outputs.json"
}

output() {
    read_outputs
    jq --raw-output --exit-status --arg name "$1" '.[$name].value' "$WORK/outputs.json"
}

has_outputs() { output cluster_name > /dev/null 2>&1; }

need_outputs() {
    has_outputs || die "nothing is deployed yet, or terraform/ is not initialised: run ./deploy.sh --step infrastructure first"
}

terraform_init() {
    terraform_in init -input=false > "$WORK/init.log" 2>&1 ||
        die "terraform init failed:
$(cat "$WORK/init.log")"
}

step_infrastructure() {
    title "infrastructure: terraform apply (about 20 minutes the first time)"
    terraform_init
    rm -f "$WORK/outputs.json"
    terraform_in apply -input=false -auto-approve ||
        die "terraform apply failed. What it created so far is in the state and may cost money: fix the cause and run this again, or run ./deploy.sh --destroy"
}

plan_infrastructure() {
    title "infrastructure: terraform plan"
    terraform_init
    terraform_in plan -input=false -lock=false || die "terraform plan failed"
}

# ---------------------------------------------------------------- images

sha256() {
    if command -v sha256sum > /dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi
}

# A hash of the whole build context and of the Dockerfile, which names the base image by its digest: equal sources have
# equal tags, so nothing is built twice.
source_tag() {
    local context
    context=$(sed -n 's/^!//p' .dockerignore)
    # shellcheck disable=SC2086 # the list is of paths without spaces
    find Dockerfile $context -type f -not -path '*/__pycache__/*' -not -path '*/.venv/*' -not -path '*.egg-info/*' -print0 |
        LC_ALL=C sort -z | while IFS= read -r -d '' file; do sha256 "$file"; done | sha256 | cut -c 1-12
}

repository() {
    output repositories | jq --raw-output --exit-status --arg image "$1" '.[$image]'
}

in_registry() {
    local name
    name=$(repository "$1")
    aws ecr describe-images --region "$(output region)" --repository-name "${name#*/}" \
        --image-ids "imageTag=$TAG" > /dev/null 2>&1
}

registry_login() {
    aws ecr get-login-password --region "$(output region)" |
        docker login --username AWS --password-stdin "$(output registry)" > /dev/null ||
        die "the login to the registry $(output registry) failed"
}

ensure_builder() {
    local platform
    docker buildx inspect "$BUILDER" > /dev/null 2>&1 ||
        docker buildx create --name "$BUILDER" --driver docker-container > /dev/null ||
        die "docker buildx could not create the builder $BUILDER"
    docker buildx inspect --bootstrap "$BUILDER" > "$WORK/builder" || die "the builder $BUILDER does not start"
    for platform in ${PLATFORMS//,/ }; do
        grep -q "$platform" "$WORK/builder" ||
            die "the builder cannot build for $platform. Run docker run --privileged --rm tonistiigi/binfmt --install all"
    done
}

build_and_push() {
    docker buildx build --builder "$BUILDER" --platform "$PLATFORMS" --target "$1" \
        --tag "$(repository "$1"):$TAG" --provenance=mode=max --sbom=true --push . ||
        die "building or pushing $1 failed. Images that are already pushed stay; run ./deploy.sh --step images again"
    sign_image "$1"
}

# COSIGN_KEY: a key of cosign's, such as awskms:///alias/images. COSIGN_KEYLESS=yes: by the OIDC identity of who runs this.
sign_image() {
    local name digest key=()
    [[ -n ${COSIGN_KEY:-} || ${COSIGN_KEYLESS:-} == yes ]] || return 0
    [[ -z ${COSIGN_KEY:-} ]] || key=(--key "$COSIGN_KEY")
    name=$(repository "$1")
    digest=$(docker buildx imagetools inspect "$name:$TAG" --format '{{.Manifest.Digest}}')
    [[ $digest == sha256:* ]] || die "the digest of $1 could not be read, so it was not signed"
    cosign sign --yes --recursive ${key[@]+"${key[@]}"} "$name@$digest" ||
        die "$1 was pushed and not signed. Delete its tag $TAG, and run ./deploy.sh --step images again"
    say "$1: signed"
}

step_images() {
    local image wanted=""
    title "images: $PLATFORMS, tag $TAG"
    need_outputs
    for image in $IMAGES; do
        if in_registry "$image"; then say "$image:$TAG is in the registry"; else wanted="$wanted $image"; fi
    done
    [[ -n $wanted ]] || return 0
    registry_login
    ensure_builder
    for image in $wanted; do
        say "$image: building and pushing"
        build_and_push "$image"
    done
}

plan_images() {
    local image
    title "images: tag $TAG"
    for image in $IMAGES; do
        if has_outputs && in_registry "$image"; then say "$image is in the registry"; else say "$image would be built and pushed"; fi
    done
}

# ---------------------------------------------------------------- release

# A separate kubeconfig, so that the user's own does not change.
connect() {
    need_outputs
    export KUBECONFIG=$WORK/kubeconfig
    [[ -f $KUBECONFIG ]] ||
        aws eks update-kubeconfig --region "$(output region)" --name "$(output cluster_name)" \
            --kubeconfig "$KUBECONFIG" > /dev/null || die "the cluster $(output cluster_name) cannot be reached"
    NAMESPACE=$(output namespace)
}

# The address goes through a pipe: every process of the machine could read it on a command line.
database_secret() {
    local arn endpoint
    arn=$(output database_secret_arn)
    [[ -n $arn ]] || return 0
    endpoint=$(output database_endpoint)
    kubectl create namespace "$NAMESPACE" --dry-run=client --output yaml | kubectl apply --filename - > /dev/null
    aws secretsmanager get-secret-value --region "$(output region)" --secret-id "$arn" --query SecretString --output text |
        jq --raw-output --join-output --arg endpoint "$endpoint" \
            '"postgresql://\(.username | @uri):\(.password | @uri)@\($endpoint)/silver_guardian?sslmode=verify-full"' |
        kubectl create secret generic "$DATABASE_SECRET" --namespace "$NAMESPACE" --from-file=url=/dev/stdin \
            --dry-run=client --output yaml | kubectl apply --namespace "$NAMESPACE" --filename - > /dev/null ||
        die "the database's address could not be put into the cluster"
    # Who signs for RDS: the pods believe no other server.
    curl --silent --show-error --fail --max-time 60 "$DATABASE_CA" |
        kubectl create configmap "$DATABASE_SECRET-ca" --namespace "$NAMESPACE" --from-file=ca.pem=/dev/stdin \
            --dry-run=client --output yaml |
        kubectl apply --namespace "$NAMESPACE" --server-side --filename - > /dev/null ||
        die "the certificates of RDS could not be fetched from $DATABASE_CA"
    say "secret $DATABASE_SECRET holds the database's address"
}

# A role of the status API's own, with a password that is made once. The Secret comes first: the pods mount it.
has_reader() {
    [[ -n $(output database_secret_arn) && $(output status_api_enabled) == true ]]
}

reader_secret() {
    has_reader || return 0
    kubectl get secret "$READER_SECRET" --namespace "$NAMESPACE" > /dev/null 2>&1 && return
    head -c 24 /dev/urandom | sha256sum | cut -c 1-48 |
        jq --raw-input --arg endpoint "$(output database_endpoint)" --arg role "$READER_ROLE" \
            --arg name "$READER_SECRET" --arg namespace "$NAMESPACE" '{
                apiVersion: "v1", kind: "Secret", metadata: {name: $name, namespace: $namespace},
                stringData: {
                    password: .,
                    url: "postgresql://\($role):\(.)@\($endpoint)/silver_guardian?sslmode=verify-full"
                }
            }' |
        kubectl create --filename - > /dev/null || die "the status API's password for the database could not be put into the cluster"
    say "secret $READER_SECRET holds the status API's own address of the database"
}

# The operator's pod reaches the database; this machine need not.
reader_role() {
    has_reader || return 0
    kubectl rollout status "deployment/$RELEASE" --namespace "$NAMESPACE" --timeout 300s > /dev/null ||
        die "the operator does not get ready, so the status API's role in the database was not made"
    kubectl get secret "$READER_SECRET" --namespace "$NAMESPACE" --output 'jsonpath={.data.password}' |
        base64 --decode |
        kubectl exec --stdin --namespace "$NAMESPACE" "deployment/$RELEASE" -- python -m analysis_records reader "$READER_ROLE" ||
        die "the status API's role in the database was not made. Run ./deploy.sh --step release again"
}

# The key of an image in the chart's values.
value_of() {
    case $1 in
        operator) printf operator ;;
        status-api) printf statusApi ;;
        *) printf 'analyzers.%s' "$1" ;;
    esac
}

helm_upgrade() {
    local image tags=()
    for image in $IMAGES; do
        tags+=(--set-string "$(value_of "$image").image.tag=$TAG")
    done
    output helm_values > "$WORK/values.yaml"
    helm upgrade --install "$RELEASE" "$CHART" --namespace "$NAMESPACE" --create-namespace \
        --values "$WORK/values.yaml" "${tags[@]}" "$@"
}

step_release() {
    title "release: helm upgrade"
    connect
    database_secret
    reader_secret
    if [[ -n $(output operator_image_tag) ]]; then
        say "Terraform manages the release itself (operator_image_tag)"
        reader_role
        return
    fi
    # Helm never upgrades what is in a chart's crds folder.
    kubectl apply --server-side --force-conflicts --field-manager=helm --filename "$CHART/crds/" ||
        die "the definitions could not be applied"
    kubectl create namespace "$NAMESPACE" --dry-run=client --output yaml | kubectl apply --filename - > /dev/null
    kubectl label namespace "$NAMESPACE" --overwrite pod-security.kubernetes.io/enforce=restricted > /dev/null
    helm_upgrade || die "helm upgrade failed; the previous release still runs. Fix the cause and run ./deploy.sh --step release"
    reader_role
}

plan_release() {
    title "release: helm upgrade"
    if ! has_outputs; then
        say "the release $RELEASE would be installed with tag $TAG"
        return
    fi
    connect
    helm_upgrade --dry-run=server > /dev/null || die "helm upgrade would fail"
    say "the release $RELEASE would get tag $TAG"
}

# ---------------------------------------------------------------- ready

why_not_ready() {
    kubectl get pods,analyzers --namespace "$NAMESPACE" --output wide >&2 || true
    kubectl get events --namespace "$NAMESPACE" --field-selector type=Warning --sort-by .lastTimestamp >&2 || true
    die "$1 did not get ready; see the lines above for the cause"
}

step_ready() {
    title "ready: operator and analyzers"
    connect
    kubectl rollout status "deployment/$RELEASE" --namespace "$NAMESPACE" --timeout=300s || why_not_ready "the operator"
    kubectl wait --for=condition=Ready analyzers --all --namespace "$NAMESPACE" --timeout=300s ||
        why_not_ready "the analyzers"
}

# ---------------------------------------------------------------- smoke

# Four seconds of noise: a WAV header (16 kHz, mono, 8 bit, 64,000 samples) and as many random bytes.
noise() {
    printf 'RIFF\044\372\000\000WAVEfmt \020\000\000\000\001\000\001\000'
    printf '\200\076\000\000\200\076\000\000\001\000\010\000data\000\372\000\000'
    head -c 64000 /dev/urandom
}

create_request() {
    kubectl create --namespace "$1" --output name --filename - << END
apiVersion: silverguardian.io/v1alpha1
kind: AnalysisRequest
metadata: {generateName: smoke-}
spec:
  source: {uri: "$2"}
  analyzers: [audio]
  timeoutSeconds: 120
  ttlSecondsAfterFinished: 3600
END
}

condition() {
    kubectl get --namespace "$1" "$2" --output "jsonpath={.status.conditions[?(@.type=='Succeeded')].$3}"
}

step_smoke() {
    local uri namespace request
    title "smoke: one request, from no node to its verdict (some minutes)"
    connect
    namespace=$(output pipeline_namespace)
    uri="s3://$(output media_bucket)/$(output media_prefix)smoke/noise.wav"
    noise | aws s3 cp --region "$(output region)" --only-show-errors - "$uri" || die "the upload to $uri failed"
    request=$(create_request "$namespace" "$uri") || die "the request could not be created"
    kubectl wait --namespace "$namespace" --for=condition=Finished "$request" --timeout=900s ||
        die "$request did not finish: $(condition "$namespace" "$request" reason): $(condition "$namespace" "$request" message)"
    [[ $(condition "$namespace" "$request" status) == True ]] ||
        die "$request failed: $(condition "$namespace" "$request" reason): $(condition "$namespace" "$request" message)"
    kubectl get --namespace "$namespace" "$request"
    kubectl delete --namespace "$namespace" "$request" > /dev/null
    aws s3 rm --region "$(output region)" --only-show-errors "$uri"
}

# ---------------------------------------------------------------- next

next_commands() {
    title "done"
    cat << END
Your kubeconfig:
  aws eks update-kubeconfig --region $(output region) --name $(output cluster_name)
Analyse a recording:
  aws s3 cp RECORDING s3://$(output media_bucket)/$(output media_prefix)
  kubectl apply --namespace $(output pipeline_namespace) --filename REQUEST.yaml   # crds/examples shows some
  kubectl wait --namespace $(output pipeline_namespace) --for=condition=Finished areq --all --timeout=600s
  kubectl get --namespace $(output pipeline_namespace) areq --output wide
Show the installation:
  kubectl get --namespace $(output namespace) analyzers,scaledobjects,hpa
Remove everything:
  ./deploy.sh --destroy
END
}

# ---------------------------------------------------------------- destroy

confirm_destroy() {
    local answer
    [[ $ASSUME_YES == no ]] || return 0
    say "This removes the cluster and every image, and with delete_data_on_destroy applied every recording, result and the database."
    read -r -p "Type destroy to continue: " answer || answer=""
    [[ $answer == destroy ]] || die "nothing was removed"
}

# The release is removed first, while KEDA runs: only KEDA removes its finalizer from the ScaledObjects.
uninstall() {
    if ! has_outputs; then
        say "there is no cluster in the Terraform state"
        return
    fi
    connect
    if ! kubectl get namespaces > /dev/null 2>&1; then
        say "the cluster does not answer; it is removed without uninstalling the release"
        return
    fi
    if [[ -z $(output operator_image_tag) ]] && helm status "$RELEASE" --namespace "$NAMESPACE" > /dev/null 2>&1; then
        helm uninstall "$RELEASE" --namespace "$NAMESPACE" --wait --timeout 5m || die "helm uninstall failed"
        kubectl wait --for=delete scaledobjects --all --namespace "$NAMESPACE" --timeout=180s ||
            die "ScaledObjects still exist. Check that KEDA runs: kubectl get pods --namespace keda"
        kubectl delete --filename "$CHART/crds/" --ignore-not-found --timeout=120s || die "the CustomResourceDefinitions could not be deleted"
        kubectl delete namespace "$NAMESPACE" --ignore-not-found --timeout=180s || die "the namespace $NAMESPACE could not be deleted"
    fi
}

destroy() {
    step_check
    confirm_destroy
    title "destroy: the release, then everything that Terraform made"
    terraform_init
    uninstall
    terraform_in destroy -input=false -auto-approve ||
        die "terraform destroy failed. What is left may cost money: fix the cause and run ./deploy.sh --destroy again. Recordings, results and the database are kept unless delete_data_on_destroy = true was applied before (docs/deploy.md)"
    say "everything was removed"
}

# ---------------------------------------------------------------- modes

plan_all() {
    step_check
    plan_infrastructure
    plan_images
    plan_release
    say "nothing was changed"
}

all_steps() {
    local step
    for step in $STEPS; do "step_$step"; done
    next_commands
}

one_step() {
    [[ " $STEPS " == *" $1 "* ]] || die "there is no step \"$1\"; the steps are: ${STEPS// /, }"
    find_terraform
    [[ $1 == check || -n $TERRAFORM ]] || die "neither terraform nor tofu is installed: run ./deploy.sh --step check"
    "step_$1"
}

main() {
    local mode=all step="" tag=""
    ASSUME_YES=no
    while [[ $# -gt 0 ]]; do
        case $1 in
            --plan) mode=plan ;;
            --destroy) mode=destroy ;;
            --step) mode=step step=${2:?--step needs a name} && shift ;;
            --tag) tag=${2:?--tag needs a tag} && shift ;;
            --yes) ASSUME_YES=yes ;;
            --help | -h) usage && exit 0 ;;
            *) usage >&2 && exit 2 ;;
        esac
        shift
    done
    WORK=$(mktemp -d)
    trap 'rm -rf "$WORK"' EXIT
    TAG=${tag:-$(source_tag)}
    case $mode in
        all) all_steps ;;
        plan) plan_all ;;
        step) one_step "$step" ;;
        destroy) destroy ;;
    esac
}

main "$@"
