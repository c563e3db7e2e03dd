/** The commerce system's streams: what visitors do, read in real time from Kinesis and kept for analytics in Kafka. */
import type { CfnStream } from 'aws-cdk-lib/aws-kinesis';
import type { Construct } from 'constructs';
import { analyticsEvents } from '../../catalog/index.ts';
import { commerceConfig } from '../config/index.ts';
import { acknowledge, EventStream, KafkaCluster, KafkaTopic } from '../constructs/index.ts';
import { EnvironmentStack } from './environment-stack.ts';
import type { NetworkStack } from './network-stack.ts';
import type { SystemStackProps } from './system-stack.ts';

export interface CommerceNetworkProps extends SystemStackProps {
  readonly network: NetworkStack;
}

export class CommerceStreamsStack extends EnvironmentStack {
  readonly activity: EventStream<(typeof analyticsEvents)[number]>;
  readonly kafka: KafkaCluster;
  readonly analytics: KafkaTopic<(typeof analyticsEvents)[number]>;

  constructor(scope: Construct, id: string, props: CommerceNetworkProps) {
    super(scope, id, { config: props.config, description: 'Streams of the commerce system' });
    const { network, key } = props;
    const { kafka, analyticsPartitions } = commerceConfig(props.config.name);
    this.activity = new EventStream(this, 'ActivityStream', {
      publishes: analyticsEvents,
      encryptionKey: key,
    });
    acknowledge(
      this.activity.stream.node.defaultChild as CfnStream,
      'AwsSolutions-KDS3',
      "The key is the environment's own, whose policy says who may read; that of Kinesis lets in whoever may read the stream",
    );
    this.kafka = new KafkaCluster(this, 'Kafka', {
      type: kafka,
      vpc: network.vpc,
      vpcSubnets: network.isolatedSubnets,
      ...(network.commerceClients === undefined ? {} : { clientSecurityGroup: network.commerceClients }),
      ...(kafka === 'express' ? { encryptionKey: key, logRetention: this.logRetention } : {}),
      removalPolicy: this.removalPolicy,
    });
    network.openEndpointsTo(this.kafka.securityGroup, 'Pollers of Kafka');
    this.analytics = new KafkaTopic(this, 'CommerceAnalytics', {
      cluster: this.kafka,
      publishes: analyticsEvents,
      partitionCount: analyticsPartitions,
    });
  }
}
