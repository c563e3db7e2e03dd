/** The topic that alarms go to, and from it people. */
import { ArnFormat, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Subscription, SubscriptionProtocol, Topic } from 'aws-cdk-lib/aws-sns';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { IConstruct } from 'constructs';
import { alertTopicOf, registerAlertTopic } from './alert-topic-registry.ts';
import { allowKeyUse } from './key-access.ts';
import { alarmsIn } from './key-sources.ts';
import { MessagingKey } from './messaging-key.ts';
import { recordNode } from './topology-recorder.ts';
import { writeTopicPolicy } from './topic-policy.ts';

export interface AlertTopicProps {
  /**
   * Addresses that get every alarm. Each must confirm by the link that SNS sends.
   * @default - nobody yet: subscribe to `.topic`
   */
  readonly emails?: readonly string[];
  /**
   * A customer managed key. AWS's own key for SNS cannot be used: CloudWatch may not publish to it (W8).
   * @default - a MessagingKey of its own
   */
  readonly encryptionKey?: IKey;
}

/**
 * An encrypted topic that CloudWatch alarms can really publish to: its policy and its key's policy both
 * name cloudwatch.amazonaws.com, for alarms of this account only. Constructs find it by themselves.
 */
export class AlertTopic extends Construct {
  /** The alert topic of the stack, else the only one of the application, else undefined. */
  static of(scope: IConstruct): ITopic | undefined {
    return alertTopicOf(scope);
  }

  readonly topic: Topic;
  readonly encryptionKey: IKey;

  constructor(scope: Construct, id: string, props: AlertTopicProps = {}) {
    super(scope, id);
    this.encryptionKey = props.encryptionKey ?? new MessagingKey(this, 'Key');
    allowKeyUse(this, this.encryptionKey, 'publishAlarms', alarmsIn(this, Stack.of(this)));
    this.topic = new Topic(this, 'Topic', { masterKey: this.encryptionKey, signatureVersion: '2' });
    writeTopicPolicy(this.topic);
    const stack = Stack.of(this);
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        sid: 'PublishAlarms',
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.topic.topicArn],
        conditions: {
          StringEquals: { 'aws:SourceAccount': stack.account },
          ArnLike: {
            'aws:SourceArn': stack.formatArn({
              service: 'cloudwatch',
              resource: 'alarm:*',
              arnFormat: ArnFormat.NO_RESOURCE_NAME,
            }),
          },
        },
      }),
    );
    for (const [index, endpoint] of (props.emails ?? []).entries()) {
      new Subscription(this, `Email${index + 1}`, {
        topic: this.topic,
        protocol: SubscriptionProtocol.EMAIL,
        endpoint,
      });
    }
    recordNode(this, { kind: 'alertTopic', resource: this.topic });
    registerAlertTopic(this, this.topic);
  }
}
