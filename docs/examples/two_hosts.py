"""A site and its API on one load balancer, each at a name of its own; the site calls the API within the network."""

import notejam_cfn as nj

tags, region = {"project": "travel", "stage": "live"}, "eu-central-1"
base = nj.stack("base", nj.Template("Travel: base", tags=tags, architecture="A network and a key."), region=region)
key = nj.add_encryption(base.template, nj.EncryptionSettings())
network = nj.publish(base.template, base.name, nj.add_network(base.template, nj.NetworkSettings(), key))
encryption = nj.publish(base.template, base.name, key)

text = "Two services behind one load balancer, told apart by host; one calls the other by its name."
travel = nj.stack("travel", nj.Template("Travel: site and API", tags=tags, architecture=text), region=region)
settings = nj.LoadBalancerSettings(
    domain="www.example.com", more_domains="api.example.com", hosted_zone_id="Z0123456789ABC"
)
balancer = nj.add_load_balancer(travel.template, settings, network, encryption)
cluster = nj.add_cluster(travel.template, nj.ClusterSettings(), encryption)
namespace = nj.add_namespace(travel.template)
shared = (network, encryption, cluster, balancer)

settings = nj.ServiceSettings(name="Api", host="api.example.com", port=9000, cpu_units=512, memory_mib=1024)
api = nj.add_service(travel.template, settings, *shared, nj.TaskOptions(command=["api"]), nj.Connect(namespace))

settings = nj.ServiceSettings(name="Site", host="www.example.com")
options = nj.TaskOptions(command=["site"], environment={"API": api.internal_url})
nj.add_service(travel.template, settings, *shared, options, nj.Connect(namespace, calls=[api]))

nj.write_output("output", [base, travel])
