"""A site and its API on one load balancer, each at a name of its own; the site calls the API within the network."""

import notejam_cfn as nj

template = nj.Template(
    "Travel: site and API",
    tags={"project": "travel", "stage": "live"},
    architecture="Two services behind one load balancer, told apart by host; one calls the other by its name.",
)
encryption = nj.add_encryption(template, nj.EncryptionSettings())
network = nj.add_network(template, nj.NetworkSettings(egress="nat"), encryption)
names = nj.LoadBalancerSettings(
    domain="www.example.com", more_domains="api.example.com", hosted_zone_id="Z0123456789ABC"
)
balancer = nj.add_load_balancer(template, names, network, encryption)
cluster = nj.add_cluster(template, nj.ClusterSettings(), encryption)
namespace = nj.add_namespace(template)
shared = (network, encryption, cluster, balancer)

settings = nj.ServiceSettings(name="Api", host="api.example.com", port=9000, cpu_units=512, memory_mib=1024)
api = nj.add_service(template, settings, *shared, nj.TaskOptions(command=["api"]), nj.Connect(namespace))

settings = nj.ServiceSettings(name="Site", host="www.example.com")
options = nj.TaskOptions(command=["site"], environment={"API": api.internal_url})
nj.add_service(template, settings, *shared, options, nj.Connect(namespace, calls=[api]))

print(nj.to_yaml(template.to_dict()))
