"""A shop that leaves its orders in a queue, and a worker that takes them, with as many tasks as there are orders."""

import notejam_cfn as nj

tags, region = {"project": "shop", "stage": "live"}, "eu-central-1"
base = nj.stack("base", nj.Template("Shop: base", tags=tags, architecture="A network and a key."), region=region)
key = nj.add_encryption(base.template, nj.EncryptionSettings())
network = nj.publish(base.template, base.name, nj.add_network(base.template, nj.NetworkSettings(), key))
encryption = nj.publish(base.template, base.name, key)

text = "A web service leaves orders in a queue; workers that scale with it take them."
shop = nj.stack("shop", nj.Template("Shop: web and worker", tags=tags, architecture=text), region=region)
alarms = nj.add_alarm_topic(shop.template, nj.MonitoringSettings(email="shop@example.com"), encryption)
balancer = nj.add_load_balancer(shop.template, nj.LoadBalancerSettings(), network, encryption)
cluster = nj.add_cluster(shop.template, nj.ClusterSettings(), encryption)

orders = nj.add_queue(shop.template, nj.QueueSettings(name="Orders", oldest_minutes=30), encryption, alarms)
web = nj.TaskOptions(environment={"QUEUE_URL": orders.url}, statements=orders.sending)
nj.add_service(shop.template, nj.ServiceSettings(), network, encryption, cluster, balancer, web)

settings = nj.WorkerSettings(max_tasks=20, messages_per_task=25, spot_percent=100)
nj.add_worker(shop.template, settings, orders, network, encryption, cluster, nj.TaskOptions(command=["work"]))

nj.write_output("output", [base, shop])
