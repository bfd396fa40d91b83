"""What the operator, the analyzers and the status API share: problems, logs, uvicorn settings, S3, validation.

This package imports nothing by itself, and each of its modules only what it needs:

==================  ======================  ================================
module              extra                   needs
==================  ======================  ================================
``body_limit``      ``http``                FastAPI
``logs``            ``http``                structlog
``problems``        ``http``                FastAPI
``s3``                                      pydantic
``s3_client``       ``s3``                  botocore, at first use
``settings``                                pydantic
``uvicorn_server``  ``http``                uvicorn
``validation``                              pydantic
==================  ======================  ================================
"""
