"""A shop that leaves its orders in a queue, and a worker that takes them, with as many tasks as there are orders."""

import notejam_cfn as nj

template = nj.Template(
    "Shop: web and worker",
    tags={"project": "shop", "stage": "live"},
    architecture="A web service leaves orders in a queue; workers that scale with it take them.",
)
encryption = nj.add_encryption(template, nj.EncryptionSettings())
alarms = nj.add_alarm_topic(template, nj.MonitoringSettings(email="shop@example.com"), encryption)
network = nj.add_network(template, nj.NetworkSettings(zones=2), encryption)
balancer = nj.add_load_balancer(template, nj.LoadBalancerSettings(), network, encryption)
cluster = nj.add_cluster(template, nj.ClusterSettings(), encryption)

orders = nj.add_queue(template, nj.QueueSettings(name="Orders", oldest_minutes=30), encryption, alarms)
web = nj.TaskOptions(environment={"QUEUE_URL": orders.url}, statements=orders.sending)
nj.add_service(template, nj.ServiceSettings(), network, encryption, cluster, balancer, web)

settings = nj.WorkerSettings(max_tasks=20, messages_per_task=25, spot_percent=100)
nj.add_worker(template, settings, orders, network, encryption, cluster, nj.TaskOptions(command=["work"]))

print(nj.to_yaml(template.to_dict()))
