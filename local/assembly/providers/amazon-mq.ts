/** AWS::AmazonMQ::*: a RabbitMQ broker for each, on the loopback; its configuration is kept in the books. */
import { createHash } from 'node:crypto';

import { answered, booleanProperty, defined, listProperty, tagsOf, textProperty } from './provider.ts';
import type { Created, Provider, ProviderContext } from './provider.ts';
import { isJsonObject } from '../../../lib/assembly/template.ts';
import type { JsonObject } from '../../../lib/assembly/template.ts';

/** CreateBroker, amazon-mq/latest/api-reference/brokers.html. */
const BROKER_NAME_LENGTH = 50;

export const AMAZON_MQ_PROVIDERS: Readonly<Record<string, Provider>> = {
  'AWS::AmazonMQ::Broker': {
    honoured: ['BrokerName', 'EngineType', 'Tags', 'Users'],
    inert: [
      'AuthenticationStrategy',
      'AutoMinorVersionUpgrade',
      'Configuration',
      'DataReplicationMode',
      'DeploymentMode',
      'EncryptionOptions',
      'EngineVersion',
      'HostInstanceType',
      'Logs',
      'MaintenanceWindowStartTime',
      'PubliclyAccessible',
      'SecurityGroups',
      'StorageType',
      'SubnetIds',
    ],
    replacedOnChange: ['BrokerName', 'DeploymentMode', 'EngineType', 'PubliclyAccessible', 'SubnetIds'],
    async create(properties, context) {
      const answer = await context.call(
        'mq',
        'CreateBroker',
        defined({
          brokerName: textProperty(properties, 'BrokerName') ?? context.generatedName(BROKER_NAME_LENGTH),
          engineType: textProperty(properties, 'EngineType'),
          engineVersion: textProperty(properties, 'EngineVersion'),
          deploymentMode: textProperty(properties, 'DeploymentMode'),
          hostInstanceType: textProperty(properties, 'HostInstanceType'),
          publiclyAccessible: booleanProperty(properties, 'PubliclyAccessible'),
          autoMinorVersionUpgrade: booleanProperty(properties, 'AutoMinorVersionUpgrade'),
          users: usersOf(properties),
          tags: tagsOf(properties),
        }),
      );
      return brokerAsCreated(answered(answer, 'brokerId'), answered(answer, 'brokerArn'), context);
    },
    /** A secret that was changed comes here as a changed password. */
    async update(created, properties, previous, context) {
      if (JSON.stringify(properties['Users']) === JSON.stringify(previous['Users'])) return created;
      const mq = context.aws.services.get('mq');
      for (const { username, password } of usersOf(properties)) {
        await mq.setPassword(created.physicalId, username, password);
      }
      return created;
    },
    async delete(created, _properties, context) {
      await context.call('mq', 'DeleteBroker', { brokerId: created.physicalId });
    },
  },
  'AWS::AmazonMQ::Configuration': {
    honoured: ['Name'],
    inert: ['AuthenticationStrategy', 'Data', 'Description', 'EngineType', 'EngineVersion', 'Tags'],
    replacedOnChange: ['Name', 'EngineType'],
    async create(_properties, context) {
      const id = `c-${idOf(context)}`;
      const { region, accountId } = context.aws;
      return {
        physicalId: id,
        attributes: {
          Arn: `arn:aws:mq:${region}:${accountId}:configuration:${id}`,
          Id: id,
          Revision: '1',
        },
        inertBecause: 'the local RabbitMQ has its own settings',
      };
    },
  },
  'AWS::AmazonMQ::ConfigurationAssociation': {
    honoured: [],
    inert: ['Broker', 'Configuration'],
    async create(_properties, context) {
      const inertBecause = 'the local RabbitMQ has its own settings';
      return { physicalId: `a-${idOf(context)}`, attributes: {}, inertBecause };
    },
  },
};

function usersOf(properties: JsonObject): { readonly username: string; readonly password: string }[] {
  return listProperty(properties, 'Users')
    .filter(isJsonObject)
    .map((user) => ({
      username: textProperty(user, 'Username') ?? '',
      password: textProperty(user, 'Password') ?? '',
    }));
}

async function brokerAsCreated(id: string, arn: string, context: ProviderContext): Promise<Created> {
  const endpoint = await context.aws.services.get('mq').endpoint(id);
  const { hostname } = new URL(endpoint);
  return {
    physicalId: id,
    attributes: {
      Arn: arn,
      ConfigurationRevision: '1',
      AmqpEndpoints: [endpoint],
      OpenWireEndpoints: [],
      MqttEndpoints: [],
      StompEndpoints: [],
      WssEndpoints: [],
      IpAddresses: [hostname],
      ConsoleURLs: [],
    },
  };
}

function idOf({ stackName, logicalId }: ProviderContext): string {
  return createHash('sha256').update(`${stackName}/${logicalId}`).digest('hex').slice(0, 32);
}
