/** The broker of the systems that were there before, and that speak AMQP and nothing else. */
import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { commerceConfig } from '../config/index.ts';
import { EventFunction, MessageBroker } from '../constructs/index.ts';
import type { CommerceNetworkProps } from './commerce-streams-stack.ts';
import { EnvironmentStack } from './environment-stack.ts';

/** Where the old warehouse system puts its counts. */
export const STOCK_COUNTS_QUEUE = 'stock-counts';

/** Above the longest call of the broker's management API. */
const ROTATION_TIMEOUT = Duration.minutes(1);

export class CommerceLegacyStack extends EnvironmentStack {
  readonly broker: MessageBroker;

  constructor(scope: Construct, id: string, props: CommerceNetworkProps) {
    super(scope, id, {
      config: props.config,
      description: 'Broker of the systems before the commerce system',
    });
    const { network, key } = props;
    const values = commerceConfig(props.config.name);
    const place = { vpc: network.vpc, vpcSubnets: network.isolatedSubnets };
    const clients = network.commerceClients;
    const rotation = new EventFunction(this, 'BrokerRotation', {
      entry: 'lambda/handlers/broker-secret-rotation.ts',
      description: "Changes the password of the broker's user",
      ...place,
      ...(clients === undefined ? {} : { securityGroups: [clients] }),
      timeout: ROTATION_TIMEOUT,
      logRetention: this.logRetention,
    });
    this.broker = new MessageBroker(this, 'LegacyBroker', {
      ...place,
      ...(clients === undefined ? {} : { clientSecurityGroup: clients }),
      rotation,
      deploymentMode: values.legacyBrokerDeployment,
      hostInstanceType: values.legacyBrokerInstanceType,
      encryptionKey: key,
      removalPolicy: this.removalPolicy,
    });
    network.openEndpointsTo(this.broker.securityGroup, 'Pollers of the message broker');
  }
}
