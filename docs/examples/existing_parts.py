"""A wiki in a VPC that exists, under a certificate that exists, on a database that exists, whose key encrypts it."""

import notejam_cfn as nj

tags = {"project": "wiki", "stage": "live"}
template = nj.Template("Wiki", tags=tags, architecture="A service in a network and on a database of others.")
account = "eu-central-1:123456789012"
encryption = nj.add_encryption(template, nj.EncryptionSettings())
network = nj.Network(
    vpc_id="vpc-0a1b2c3d",
    public_subnet_ids=["subnet-0a000001", "subnet-0a000002"],
    private_subnet_ids=["subnet-0b000001", "subnet-0b000002"],
)
secret_arn = f"arn:aws:secretsmanager:{account}:secret:wiki-database-a1B2c3"
database = nj.existing_database(
    template, network, "wiki.cluster-abc.eu-central-1.rds.amazonaws.com", secret_arn, "sg-0d000001", name="wiki"
)
certificate = f"arn:aws:acm:{account}:certificate/3f6c2b9e-0000-4000-8000-000000000000"
names = nj.LoadBalancerSettings(domain="wiki.example.com", certificate_arn=certificate)
balancer = nj.add_load_balancer(template, names, network, encryption)
cluster = nj.add_cluster(template, nj.ClusterSettings(), encryption)
password = nj.secret(
    database.secret_arn, "password", kms_key=f"arn:aws:kms:{account}:key/0f000000-0000-4000-8000-000000000000"
)
options = nj.TaskOptions(
    environment={"DB_HOST": database.endpoint, "DB_NAME": database.name, "DB_PORT": database.port},
    secrets={"DB_USER": nj.secret(database.secret_arn, "username"), "DB_PASSWORD": password},
    security_group_ids=[database.client_security_group_id],
)
image = "210987654321.dkr.ecr.eu-central-1.amazonaws.com/wiki:4"
nj.add_service(template, nj.ServiceSettings(image=image), network, encryption, cluster, balancer, options)
nj.write_output("output", [nj.stack("all", template, region="eu-central-1")])
