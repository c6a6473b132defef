// What most people would write with the CDK for what one stage of Notejam is at least: a VPC, Aurora Serverless
// PostgreSQL, and a Fargate service behind a load balancer. benchmarks/build.py compares the time to synthesize it.
const { App, Stack, aws_ec2: ec2, aws_ecs: ecs, aws_ecs_patterns: patterns, aws_rds: rds } = require('aws-cdk-lib');

const app = new App({ outdir: process.argv[2] });
const stack = new Stack(app, 'notejam', { env: { account: '123456789012', region: 'eu-central-1' } });
const vpc = new ec2.Vpc(stack, 'Network', {
  availabilityZones: ['eu-central-1a', 'eu-central-1b'],
  natGateways: 1,
});
const database = new rds.DatabaseCluster(stack, 'Database', {
  engine: rds.DatabaseClusterEngine.auroraPostgres({ version: rds.AuroraPostgresEngineVersion.VER_17_4 }),
  writer: rds.ClusterInstance.serverlessV2('writer'),
  serverlessV2MinCapacity: 0,
  serverlessV2MaxCapacity: 4,
  storageEncrypted: true,
  vpc,
});
const service = new patterns.ApplicationLoadBalancedFargateService(stack, 'Service', {
  vpc,
  cpu: 256,
  memoryLimitMiB: 512,
  desiredCount: 1,
  minHealthyPercent: 100,
  circuitBreaker: { rollback: true },
  taskImageOptions: {
    image: ecs.ContainerImage.fromRegistry('public.ecr.aws/docker/library/python:3.13-slim'),
    containerPort: 8080,
    secrets: { DATABASE: ecs.Secret.fromSecretsManager(database.secret) },
  },
});
service.service.autoScaleTaskCount({ maxCapacity: 4 }).scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: 60 });
database.connections.allowDefaultPortFrom(service.service);
app.synth();
