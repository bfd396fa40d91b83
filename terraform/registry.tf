locals {
  images = toset(["operator", "audio", "video", "context", "status-api"])
}

resource "aws_ecr_repository" "image" {
  # checkov:skip=CKV_AWS_136: The images are built from public sources and hold no secret; ECR's own key is enough.
  for_each = local.images

  name                 = "${var.name}/${each.key}"
  image_tag_mutability = "IMMUTABLE"
  force_delete         = true # images are built again from the sources

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "AES256"
  }
}

resource "aws_ecr_lifecycle_policy" "image" {
  for_each = local.images

  repository = aws_ecr_repository.image[each.key].name
  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "the last twenty pushes, each an index and two images"
      selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = 60 }
      action       = { type = "expire" }
    }]
  })
}
