/** A stack with a stream, a Kafka topic and a broker, and a publisher and a consumer of each. */
import { Duration, Stack } from 'aws-cdk-lib';
import { SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import {
  AlertTopic,
  BrokerConsumer,
  EventFunction,
  EventStream,
  KafkaCluster,
  KafkaConsumer,
  KafkaTopic,
  MessageBroker,
  StreamConsumer,
} from '../../../lib/constructs/index.ts';
import type { KafkaClusterType } from '../../../lib/constructs/index.ts';
import { ENTRY, OrderPlaced, StockReserved, testApp } from './support.ts';

export function streamingStack(type: KafkaClusterType = 'serverless') {
  const app = testApp();
  const stack = new Stack(app, 'Test');
  new AlertTopic(stack, 'Alerts');
  const vpc = new Vpc(stack, 'Vpc', { maxAzs: 3, natGateways: 0, restrictDefaultSecurityGroup: false });
  const vpcSubnets = { subnets: vpc.isolatedSubnets };

  const stream = new EventStream(stack, 'Activity', { publishes: [OrderPlaced, StockReserved] });
  const trends = new StreamConsumer(stack, 'Trends', {
    subscribesTo: stream.events(),
    tumblingWindow: Duration.seconds(60),
    entry: ENTRY,
  });

  const kafka = new KafkaCluster(stack, 'Kafka', { vpc, vpcSubnets, type });
  const topic = new KafkaTopic(stack, 'Analytics', { cluster: kafka, publishes: [OrderPlaced] });
  const sink = new KafkaConsumer(stack, 'Sink', { subscribesTo: topic.events(), entry: ENTRY });

  const brokerClients = new SecurityGroup(stack, 'BrokerClients', { vpc });
  const rotation = new EventFunction(stack, 'BrokerRotation', {
    entry: 'lambda/handlers/broker-secret-rotation.ts',
    vpc,
    vpcSubnets,
    securityGroups: [brokerClients],
  });
  const broker = new MessageBroker(stack, 'Legacy', {
    vpc,
    vpcSubnets,
    clientSecurityGroup: brokerClients,
    rotation,
  });
  const inbound = new BrokerConsumer(stack, 'Inbound', { broker, queueName: 'stock-counts', entry: ENTRY });

  const publisher = new EventFunction(stack, 'Shop', {
    entry: ENTRY,
    vpc,
    vpcSubnets,
    securityGroups: [kafka.clientSecurityGroup, broker.clientSecurityGroup],
    publishesTo: [stream, topic],
  });
  broker.grants.publish(publisher);
  return { app, stack, vpc, stream, trends, kafka, topic, sink, broker, inbound, publisher };
}
