/** Kinesis, MSK, Amazon MQ, and the provisioned pollers of those who read Kafka. */
import { KAFKA_TOPIC_TYPES } from '../../assembly/index.ts';
import type { Resource } from '../../assembly/index.ts';
import { listAt, numberOf, textOf, valueAt } from '../context.ts';
import type { EstimateContext } from '../context.ts';
import { averageBytes, total } from '../flow.ts';
import type { Flow } from '../flow.ts';
import { MONTH_DAYS, MONTH_HOURS, MONTH_SECONDS } from '../load.ts';
import { GIGABYTE, linesOf, MILLION } from './lines.ts';
import type { CostLine } from './lines.ts';

/** A PUT payload unit of a provisioned stream. aws.amazon.com/kinesis/data-streams/pricing */
const PUT_UNIT_BYTES = 25 * 1024;
/** Where neither topic nor cluster says how long records are kept: Kafka's own week. */
const DEFAULT_KAFKA_DAYS = 7;
const DAY_MILLISECONDS = 86_400_000;

const gigabytes = ({ bytesPerSecond }: Flow): number => (bytesPerSecond * MONTH_SECONDS) / GIGABYTE;

export function kinesisCost(context: EstimateContext): readonly CostLine[] {
  return context.assembly.ofType('AWS::Kinesis::Stream').flatMap((stream) => {
    const id = context.nodeIdOf(stream) ?? '';
    const [written, read] = [context.average.into(id), context.average.outOf(id)];
    if (valueAt(stream.properties, 'StreamModeDetails', 'StreamMode') === 'ON_DEMAND') {
      return linesOf(context, stream, [
        { service: 'Kinesis', item: 'stream', priceItem: 'kinesisStreamHours', idle: MONTH_HOURS },
        {
          service: 'Kinesis',
          item: 'written',
          priceItem: 'kinesisIngestion',
          idle: 0,
          load: gigabytes(written),
        },
        { service: 'Kinesis', item: 'read', priceItem: 'kinesisRetrieval', idle: 0, load: gigabytes(read) },
      ]);
    }
    const units = written.perSecond * Math.max(1, Math.ceil(averageBytes(written) / PUT_UNIT_BYTES));
    return linesOf(context, stream, [
      {
        service: 'Kinesis',
        item: 'shards',
        priceItem: 'kinesisShardHours',
        idle: MONTH_HOURS * (numberOf(stream.properties['ShardCount']) ?? 1),
      },
      {
        service: 'Kinesis',
        item: 'written',
        priceItem: 'kinesisPutUnits',
        idle: 0,
        load: (units * MONTH_SECONDS) / MILLION,
      },
    ]);
  });
}

export function kafkaCost(context: EstimateContext): readonly CostLine[] {
  const { assembly, average, nodeIdOf } = context;
  return assembly.ofType('AWS::MSK::ServerlessCluster', 'AWS::MSK::Cluster').flatMap((cluster) => {
    const topics = assembly
      .ofType(...KAFKA_TOPIC_TYPES)
      .filter(({ properties }) => properties['ClusterArn'] === cluster.arn);
    const flows = topics.map((topic) => {
      const id = nodeIdOf(topic) ?? '';
      return { topic, written: average.into(id), read: average.outOf(id) };
    });
    const written = gigabytes(total(flows.map((flow) => flow.written)));
    const read = gigabytes(total(flows.map((flow) => flow.read)));
    const kept = flows.reduce(
      (sum, flow) => sum + (gigabytes(flow.written) * daysOf(flow.topic)) / MONTH_DAYS,
      0,
    );
    if (cluster.type === 'AWS::MSK::Cluster') {
      const brokers = numberOf(cluster.properties['NumberOfBrokerNodes']) ?? 0;
      const size = sizeOf(
        textOf(valueAt(cluster.properties, 'BrokerNodeGroupInfo', 'InstanceType')),
        'large',
      );
      return linesOf(context, cluster, [
        {
          service: 'MSK',
          item: 'brokers',
          priceItem: 'kafkaExpressBrokerHours',
          idle: MONTH_HOURS * brokers * size,
        },
        { service: 'MSK', item: 'written', priceItem: 'kafkaExpressIngestion', idle: 0, load: written },
        { service: 'MSK', item: 'kept', priceItem: 'kafkaExpressStorage', idle: 0, load: kept },
      ]);
    }
    const partitions = topics.reduce(
      (sum, { properties }) => sum + (numberOf(properties['PartitionCount']) ?? 1),
      0,
    );
    return linesOf(context, cluster, [
      { service: 'MSK', item: 'cluster', priceItem: 'kafkaServerlessHours', idle: MONTH_HOURS },
      {
        service: 'MSK',
        item: 'partitions',
        priceItem: 'kafkaPartitionHours',
        idle: MONTH_HOURS * partitions,
      },
      { service: 'MSK', item: 'written', priceItem: 'kafkaIngestion', idle: 0, load: written },
      { service: 'MSK', item: 'read', priceItem: 'kafkaRetrieval', idle: 0, load: read },
      { service: 'MSK', item: 'kept', priceItem: 'kafkaServerlessStorage', idle: 0, load: kept },
    ]);
  });
}

/** `retention.ms` of the topic's settings, which are the Base64 of JSON. */
function daysOf({ properties }: Resource): number {
  const configs = textOf(properties['Configs']);
  if (configs === '') return DEFAULT_KAFKA_DAYS;
  try {
    const settings: unknown = JSON.parse(Buffer.from(configs, 'base64').toString('utf8'));
    const milliseconds = numberOf(valueAt(settings, 'retention.ms'));
    return milliseconds === undefined || milliseconds < 0
      ? DEFAULT_KAFKA_DAYS
      : milliseconds / DAY_MILLISECONDS;
  } catch {
    return DEFAULT_KAFKA_DAYS;
  }
}

/** Pollers of Kafka are dearer than those of queues. Mappings of one poller group share what the largest has. */
export function readerCost(context: EstimateContext): readonly CostLine[] {
  const mappings = context.assembly
    .ofType('AWS::Lambda::EventSourceMapping')
    .filter(({ properties }) => listAt(properties, 'Topics').length > 0);
  const groups = Map.groupBy(mappings, (mapping) => {
    const group = valueAt(mapping.properties, 'ProvisionedPollerConfig', 'PollerGroupName');
    return typeof group === 'string' ? group : mapping.constructPath;
  });
  return [...groups.values()].flatMap((group) => {
    const pollers = Math.max(...group.map(minimumPollers));
    return linesOf(context, group[0]!, [
      { service: 'Lambda', item: 'pollers of Kafka', priceItem: 'kafkaPollers', idle: pollers * MONTH_HOURS },
    ]);
  });
}

/** 0 where none are provisioned; 1 is what a ProvisionedPollerConfig without a minimum gives. */
function minimumPollers({ properties }: Resource): number {
  const config = properties['ProvisionedPollerConfig'];
  return config === undefined ? 0 : (numberOf(valueAt(config, 'MinimumPollers')) ?? 1);
}

export function brokerCost(context: EstimateContext): readonly CostLine[] {
  return context.assembly.ofType('AWS::AmazonMQ::Broker').flatMap((broker) => {
    const nodes = broker.properties['DeploymentMode'] === 'CLUSTER_MULTI_AZ' ? CLUSTER_NODES : 1;
    const size = sizeOf(textOf(broker.properties['HostInstanceType']), 'medium');
    return linesOf(context, broker, [
      { service: 'Amazon MQ', item: 'broker', priceItem: 'brokerHours', idle: MONTH_HOURS * nodes * size },
    ]);
  });
}

/** Of a RabbitMQ cluster. amazon-mq/latest/developer-guide/rabbitmq-broker-architecture.html */
const CLUSTER_NODES = 3;

/** Sizes in the order of AWS's: each costs twice the one before it. */
const SIZES = ['medium', 'large', 'xlarge', '2xlarge', '4xlarge', '8xlarge', '12xlarge', '16xlarge'];
/** Those above 8xlarge are no powers of two. */
const FACTORS: Readonly<Record<string, number>> = { '12xlarge': 48, '16xlarge': 64 };

/** How many of the size that the price is for. */
function sizeOf(instanceType: string, priced: string): number {
  const size = instanceType.split('.').at(-1) ?? priced;
  const factorOf = (name: string): number => FACTORS[name] ?? 2 ** Math.max(0, SIZES.indexOf(name));
  return factorOf(size) / factorOf(priced);
}
