"""A job that tidies the database up every night, one run at a time, and tells people when it fails."""

import notejam_cfn as nj

template = nj.Template(
    "Ledger: nightly job",
    tags={"project": "ledger", "stage": "live"},
    architecture="A task runs every night against a private PostgreSQL cluster, and again when it fails.",
)
encryption = nj.add_encryption(template, nj.EncryptionSettings())
alarms = nj.add_alarm_topic(template, nj.MonitoringSettings(email="ledger@example.com"), encryption)
network = nj.add_network(template, nj.NetworkSettings(), encryption)
database = nj.add_database(template, nj.DatabaseSettings(database_name="ledger"), network, encryption)
cluster = nj.add_cluster(template, nj.ClusterSettings(), encryption)

settings = nj.JobSettings(
    name="Nightly", schedule="cron(30 2 * * ? *)", time_zone="Europe/Berlin", retries=3, one_at_a_time=True
)
options = nj.TaskOptions(
    command=["close-the-books"],
    environment={"PGHOST": database.endpoint, "PGPORT": database.port, "PGDATABASE": database.name},
    secrets={
        "PGUSER": nj.secret(database.secret_arn, "username"),
        "PGPASSWORD": nj.secret(database.secret_arn, "password"),
    },
    security_group_ids=[database.client_security_group_id],
)
nj.add_job(template, settings, network, encryption, cluster, options, alarms)

nj.write_output("output", [nj.stack("all", template, region="eu-central-1")])
