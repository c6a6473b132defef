"""Thumbnails: a worker with files in S3, sessions in Valkey, a shared disk, and a collector of traces beside it."""

import notejam_cfn as nj

tags = {"project": "thumbs", "stage": "live"}
template = nj.Template("Thumbnails", tags=tags, architecture="A worker, and what it keeps and reports.")
encryption = nj.add_encryption(template, nj.EncryptionSettings())
network = nj.add_network(template, nj.NetworkSettings(zones=2), encryption)
cluster = nj.add_cluster(template, nj.ClusterSettings(insights="enhanced"), encryption)
uploads = nj.add_queue(template, nj.QueueSettings(name="Uploads", visibility_seconds=900), encryption)
files = nj.add_bucket(template, nj.BucketSettings(name="Pictures"), encryption)
cache = nj.add_cache(template, nj.CacheSettings(max_gb=5), network, encryption)
models = nj.add_file_system(template, nj.FileSystemSettings(name="Models"), network, encryption)
image = "public.ecr.aws/aws-observability/aws-otel-collector:v0.43.3"
collector = nj.Sidecar("otel", image, ports=[4317], memory_mib=256, essential=False)
size = {"cpu_units": 8192, "memory_mib": 16384, "ephemeral_storage_gib": 100}
settings = nj.WorkerSettings(name="Thumbnailer", max_tasks=12, messages_per_task=5, **size)
options = nj.TaskOptions(
    environment={
        "BUCKET": files.name,
        "VALKEY": cache.endpoint,
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4317",
    },
    secrets={"API_KEY": nj.parameter("/thumbs/api-key")},
    security_group_ids=[cache.client_security_group_id],
    statements=files.writing,
    sidecars=[collector],
    volumes=[nj.Volume("models", "/models", models, read_only=True)],
)
nj.add_worker(template, settings, uploads, network, encryption, cluster, options)
nj.write_output("output", [nj.stack("all", template, region="eu-central-1")])
