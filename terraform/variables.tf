# Every variable has a default: `terraform apply` without any makes a cluster of its own in ap-northeast-2.

# ---------------------------------------------------------------- where, and under which name

variable "region" {
  description = "AWS region of everything."
  type        = string
  default     = "ap-northeast-2"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "Name a region as AWS writes it, for example ap-northeast-2."
  }
}

variable "name" {
  description = "Name of the installation: of its cluster, and the start of all other names."
  type        = string
  default     = "silver-guardian"
  nullable    = false

  validation {
    # 20: the bucket names add "-results-", an account's 12 digits and a region, and must stay within 63.
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "Use 3 to 20 lower-case letters, digits and hyphens; start with a letter and end with no hyphen."
  }
}

variable "tags" {
  description = "More tags for every AWS resource."
  type        = map(string)
  default     = {}
  nullable    = false
}

# ---------------------------------------------------------------- cluster

variable "existing_cluster_name" {
  description = "An EKS cluster that is there already, in the same region. Null: make one, with its own network."
  type        = string
  default     = null

  validation {
    condition     = var.existing_cluster_name == null || can(regex("^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$", var.existing_cluster_name))
    error_message = "That is no name of an EKS cluster."
  }
}

variable "existing_cluster_subnet_ids" {
  description = "Private subnets for the ml nodes and the database in an existing cluster. Empty: the cluster's own."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.existing_cluster_subnet_ids : can(regex("^subnet-[0-9a-f]+$", id))])
    error_message = "Each must be the id of a subnet: subnet-…"
  }
}

variable "install" {
  description = "What to install into the cluster. In an existing one, switch off what it already has."
  type = object({
    keda               = optional(bool, true)
    metrics_server     = optional(bool, true)
    cluster_autoscaler = optional(bool, true)
    pod_identity_agent = optional(bool, true)
  })
  default  = {}
  nullable = false
}

variable "kubernetes_version" {
  description = "Kubernetes version of a cluster made here."
  type        = string
  default     = "1.35"
  nullable    = false

  validation {
    condition     = can(regex("^1\\.(3[1-9]|[4-9][0-9])$", var.kubernetes_version))
    error_message = "The chart needs Kubernetes 1.31 or newer; write it as 1.35."
  }
}

variable "public_access" {
  description = "Whether the cluster's endpoint can be reached from outside of the VPC. False: Terraform and deploy.sh run inside of it, and the pipeline does not work, since Step Functions knows public endpoints only."
  type        = bool
  default     = true
}

variable "kms_key_arn" {
  description = "A KMS key of yours for recordings, results, the database, and the cluster's Secrets. Null: S3's and RDS' own keys, and one that is made for the cluster's Secrets. Its policy has to let this account's IAM policies decide."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key_arn))
    error_message = "Give a key's ARN, such as arn:aws:kms:REGION:ACCOUNT:key/ID; IAM does not take an alias."
  }
}

variable "public_access_cidrs" {
  description = "Who may reach the cluster's public endpoint. Step Functions calls it from addresses that AWS does not publish, so narrow this only without the pipeline."
  type        = list(string)
  default     = ["0.0.0.0/0"]
  nullable    = false

  validation {
    condition     = length(var.public_access_cidrs) > 0 && alltrue([for cidr in var.public_access_cidrs : can(cidrhost(cidr, 0))])
    error_message = "Name at least one address range, for example 203.0.113.0/24."
  }
}

variable "vpc_cidr" {
  description = "Address range of the network of a cluster made here."
  type        = string
  default     = "10.20.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrsubnet(var.vpc_cidr, 4, 15)) && tonumber(split("/", var.vpc_cidr)[1]) <= 20
    error_message = "Use an IPv4 range of /20 or larger, for example 10.20.0.0/16."
  }
}

variable "single_nat_gateway" {
  description = "One NAT gateway for all zones: cheaper, and without that zone nothing gets out."
  type        = bool
  default     = true
  nullable    = false
}

variable "system_instance_types" {
  description = "Instance types of the nodes that carry the operator, KEDA and DNS."
  type        = list(string)
  default     = ["t3.medium"]
  nullable    = false

  validation {
    condition     = length(var.system_instance_types) > 0
    error_message = "Name at least one instance type."
  }
}

variable "system_node_count" {
  description = "How many system nodes there always are; two let the operator's replicas be on different ones."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = var.system_node_count >= 1 && var.system_node_count <= 10 && floor(var.system_node_count) == var.system_node_count
    error_message = "Use a whole number from 1 to 10."
  }
}

# ---------------------------------------------------------------- nodes of the analyzers

variable "ml_instance_types" {
  description = "Instance types of the ml Spot nodes. The first one is what the autoscaler reckons with: let it be the smallest."
  type        = list(string)
  default     = ["c5.xlarge", "c5.2xlarge", "c5a.xlarge"]
  nullable    = false

  validation {
    condition     = length(var.ml_instance_types) > 0
    error_message = "Name at least one instance type; several make a Spot interruption rarer."
  }
}

variable "ml_max_nodes" {
  description = "The most ml nodes at a time. The least is always 0."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.ml_max_nodes >= 1 && var.ml_max_nodes <= 100 && floor(var.ml_max_nodes) == var.ml_max_nodes
    error_message = "Use a whole number from 1 to 100."
  }
}

variable "ml_node_idle_minutes" {
  description = "How long an ml node may be empty before the autoscaler takes it away."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.ml_node_idle_minutes >= 1 && floor(var.ml_node_idle_minutes) == var.ml_node_idle_minutes
    error_message = "Use a whole number of minutes, at least 1."
  }
}

# ---------------------------------------------------------------- recordings and results

variable "grants" {
  description = "Namespace → prefixes of the media bucket whose recordings it may have analysed. The analyzers' IAM roles read these prefixes and nothing else. Each namespace is created."
  type        = map(list(string))
  default     = { calls = ["calls/"] }
  nullable    = false

  validation {
    condition     = length(var.grants) > 0 && alltrue([for namespace in keys(var.grants) : can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", namespace))])
    error_message = "Name at least one namespace; each name must be one that Kubernetes takes."
  }
  validation {
    condition     = alltrue(flatten([for prefixes in values(var.grants) : [for prefix in prefixes : can(regex("^[^*?$/][^*?$]*/$", prefix))]]))
    error_message = "Each prefix must end with a slash and hold none of * ? $, for example \"calls/\". A prefix without the slash would also grant its neighbours."
  }
}

variable "pipeline_namespace" {
  description = "Namespace in which the state machine creates AnalysisRequests; one of those in grants."
  type        = string
  default     = "calls"
  nullable    = false

  validation {
    condition     = contains(keys(var.grants), var.pipeline_namespace)
    error_message = "The pipeline's namespace must be one of those that grants names."
  }
}

variable "media_retention_days" {
  description = "After how many days recordings are deleted."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.media_retention_days >= 1 && floor(var.media_retention_days) == var.media_retention_days
    error_message = "Use a whole number of days, at least 1."
  }
}

variable "results_retention_days" {
  description = "After how many days results and reports are deleted."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.results_retention_days >= 1 && floor(var.results_retention_days) == var.results_retention_days
    error_message = "Use a whole number of days, at least 1."
  }
}

variable "transcripts_retention_days" {
  description = "After how many days transcripts are deleted: what people said in a call is needed while it is judged."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.transcripts_retention_days >= 1 && floor(var.transcripts_retention_days) == var.transcripts_retention_days
    error_message = "Use a whole number of days, at least 1."
  }
}

variable "upload_origins" {
  description = "Web origins from which browsers may upload recordings with a presigned link. Empty: none."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for origin in var.upload_origins : can(regex("^https?://[^/*]+$", origin))])
    error_message = "An origin is a scheme and a host, for example https://app.example.com."
  }
}

variable "delete_data_on_destroy" {
  description = "Whether `terraform destroy` also deletes recordings, results and the database with its backups. False keeps them: destroy then stops at a bucket that is not empty, and at the database. To delete them, apply true first."
  type        = bool
  default     = false
  nullable    = false
}

# ---------------------------------------------------------------- database

variable "create_database" {
  description = "Make a PostgreSQL database on RDS for the history of requests and the status API."
  type        = bool
  default     = false
  nullable    = false
}

variable "database" {
  description = "Size of that database, and how often RDS rotates the password of its user."
  type = object({
    instance_class         = optional(string, "db.t4g.micro")
    allocated_storage_gib  = optional(number, 20)
    multi_az               = optional(bool, false)
    password_rotation_days = optional(number, 60)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.database.allocated_storage_gib >= 20
    error_message = "Use at least 20 GiB, the minimum of RDS."
  }
  validation {
    condition     = var.database.password_rotation_days >= 1 && var.database.password_rotation_days <= 1000
    error_message = "Secrets Manager rotates every 1 to 1000 days."
  }
}

# ---------------------------------------------------------------- the release

variable "namespace" {
  description = "Namespace of the operator and the analyzers."
  type        = string
  default     = "silver-guardian"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.namespace))
    error_message = "That is no name of a namespace."
  }
}

variable "operator_image_tag" {
  description = "Tag of the images in ECR to install the operator's Helm release with. Null: the release is deploy.sh's or yours, with the output helm_values."
  type        = string
  default     = null

  validation {
    condition     = var.operator_image_tag == null || can(regex("^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$", var.operator_image_tag))
    error_message = "That is no tag of an image."
  }
}

variable "status_api" {
  description = "The HTTP API for apps: who signs its bearer tokens (OpenID Connect), whom they are meant for, and which namespace each tenant has. Null: none."
  type = object({
    issuer    = string
    audience  = string
    client_id = optional(string, "")
    tenants   = map(string)
  })
  default = null

  validation {
    condition     = var.status_api == null || can(regex("^https://[^/?#]+", var.status_api.issuer))
    error_message = "The issuer is an https:// address."
  }
  validation {
    # An upload of a tenant lies under its namespace's name.
    condition     = var.status_api == null || alltrue([for namespace in values(try(var.status_api.tenants, {})) : contains(lookup(var.grants, namespace, []), "${namespace}/")])
    error_message = "Each tenant's namespace NAME must be granted its uploads: grants = { NAME = [\"NAME/\"] }."
  }
  validation {
    condition     = var.status_api == null || length(try(var.status_api.tenants, {})) > 0
    error_message = "Name at least one tenant and its namespace."
  }
}

variable "speech_models" {
  description = "An image, or a claim in the release's namespace, with a folder that holds a model for speech: the context analyzer's pods then write down what is said, and no recording goes to Amazon Transcribe from them. Null: nobody listens, unless `transcribe` is true."
  type        = object({ image = optional(string), claim = optional(string) })
  default     = null

  validation {
    condition     = var.speech_models == null || length([for name in values(try(tomap(var.speech_models), {})) : name if name != null]) == 1
    error_message = "Give either image or claim."
  }
}

variable "transcribe" {
  description = "Whether Amazon Transcribe, in this region, writes down what is said where no model for speech is given. Recordings then leave the cluster, and a minute costs 2.5 cents."
  type        = bool
  default     = false
}

variable "bedrock_model_id" {
  description = "Bedrock's model or inference profile with which the context analyzer also reads transcripts. A model's own id (anthropic.…) keeps them in this region, a profile (apac.…, eu.…, us.…) in that part of the world, and global.… anywhere. Null: its classifier and its rules alone, no right to call Bedrock, and no word leaves the region."
  type        = string
  default     = null

  validation {
    condition     = var.bedrock_model_id == null || can(regex("^[a-z0-9][a-z0-9.:-]{0,99}$", var.bedrock_model_id))
    error_message = "Write the id as Bedrock does, for example global.anthropic.claude-haiku-5-5."
  }
}
