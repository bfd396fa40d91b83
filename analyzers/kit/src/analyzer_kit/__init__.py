"""What every analyzer shares: the HTTP service, its warm child processes, media decoding, S3, and plots.

An analyzer is one module with two functions, ``analyze`` and ``warm_up`` (see :mod:`analyzer_kit.detector`),
and a line that starts the service around it::

    from analyzer_kit.analyzer import Analyzer
    from analyzer_kit.entrypoint import main

    main(Analyzer(name="audio", version="0.1.0", module="audio_analyzer.analysis", port=8000))

This package imports nothing by itself: the service's parent process must not load numpy or FFmpeg, and the child
that opens hostile media must not load botocore or FastAPI.
"""
