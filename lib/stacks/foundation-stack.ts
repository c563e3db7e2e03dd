/** What every system uses: the key for messages, the topic for alarms, the bus between services. */
import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { AlertTopic, MessageBus, MessagingKey } from '../constructs/index.ts';
import { ApiGatewayLogs } from './api-gateway-logs.ts';
import { EnvironmentStack } from './environment-stack.ts';
import type { EnvironmentStackProps } from './environment-stack.ts';

export class FoundationStack extends EnvironmentStack {
  readonly key: MessagingKey;
  readonly alertTopic: AlertTopic;
  readonly bus: MessageBus;

  constructor(scope: Construct, id: string, props: EnvironmentStackProps) {
    super(scope, id, { ...props, description: 'Key, alarms and the bus that all systems share' });
    this.key = new MessagingKey(this, 'Key', { removalPolicy: this.removalPolicy });
    this.alertTopic = new AlertTopic(this, 'Alerts', {
      encryptionKey: this.key,
      emails: this.config.alertEmails,
      criticalEmails: this.config.criticalAlertEmails,
    });
    this.bus = new MessageBus(this, 'Bus', {
      description: 'Events that cross services',
      encryptionKey: this.key,
      archiveRetention: Duration.days(this.config.archiveRetentionDays),
    });
    const { jobs, generation } = this.config.systems;
    if (jobs || generation) new ApiGatewayLogs(this, 'ApiGatewayLogs');
  }
}
