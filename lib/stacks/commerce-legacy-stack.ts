/** The broker of the systems that were there before, and that speak AMQP and nothing else. */
import type { Construct } from 'constructs';
import { commerceConfig } from '../config/index.ts';
import { MessageBroker } from '../constructs/index.ts';
import type { CommerceNetworkProps } from './commerce-streams-stack.ts';
import { EnvironmentStack } from './environment-stack.ts';

/** Where the old warehouse system puts its counts. */
export const STOCK_COUNTS_QUEUE = 'stock-counts';

export class CommerceLegacyStack extends EnvironmentStack {
  readonly broker: MessageBroker;

  constructor(scope: Construct, id: string, props: CommerceNetworkProps) {
    super(scope, id, {
      config: props.config,
      description: 'Broker of the systems before the commerce system',
    });
    const { network, key } = props;
    const values = commerceConfig(props.config.name);
    this.broker = new MessageBroker(this, 'LegacyBroker', {
      vpc: network.vpc,
      vpcSubnets: network.isolatedSubnets,
      ...(network.commerceClients === undefined ? {} : { clientSecurityGroup: network.commerceClients }),
      deploymentMode: values.legacyBrokerDeployment,
      hostInstanceType: values.legacyBrokerInstanceType,
      encryptionKey: key,
      removalPolicy: this.removalPolicy,
    });
  }
}
