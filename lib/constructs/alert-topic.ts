/** The topic that alarms go to, and from it people. */
import { ArnFormat, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Subscription, SubscriptionProtocol, Topic } from 'aws-cdk-lib/aws-sns';
import type { CfnSubscription, ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { IConstruct } from 'constructs';
import { notificationFilter } from './alarms/index.ts';
import type { AlarmSeverity } from './alarms/index.ts';
import { alertTopicOf, registerAlertTopic } from './alert-topic-registry.ts';
import { allowKeyUse } from './key-access.ts';
import { alarmsIn, anomaliesIn } from './key-sources.ts';
import { MessagingKey } from './messaging-key.ts';
import { recordNode } from './topology-recorder.ts';
import { writeTopicPolicy } from './topic-policy.ts';

export interface AlertTopicProps {
  /**
   * Addresses that get every alarm, when it rises and when it ends. Each must confirm by the link that SNS sends.
   * @default - nobody yet: subscribe to `.topic`
   */
  readonly emails?: readonly string[];
  /**
   * Addresses that get critical alarms only, such as a pager's.
   * @default - none
   */
  readonly criticalEmails?: readonly string[];
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

  /**
   * The filter policy, in the scope `MessageBody`, of a subscription to alarms: not the first OK of what was just
   * deployed, and of one severity where it is given.
   */
  static filterPolicy(severity?: AlarmSeverity): Readonly<Record<string, unknown>> {
    return notificationFilter(severity);
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
    this.#subscribe('Email', props.emails ?? []);
    this.#subscribe('CriticalEmail', props.criticalEmails ?? [], 'critical');
    recordNode(this, { kind: 'alertTopic', resource: this.topic });
    registerAlertTopic(this, this.topic);
  }

  /** Also takes messages of Cost Anomaly Detection: cost-management/latest/userguide/ad-SNS.html. */
  allowCostAnomalies(): void {
    const stack = Stack.of(this);
    allowKeyUse(this, this.encryptionKey, 'publishCostAnomalies', anomaliesIn(this, stack));
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        sid: 'PublishCostAnomalies',
        principals: [new ServicePrincipal('costalerts.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.topic.topicArn],
        conditions: {
          StringEquals: { 'aws:SourceAccount': stack.account },
          ArnLike: { 'aws:SourceArn': [...anomaliesIn(this, stack).sourceArns] },
        },
      }),
    );
  }

  #subscribe(prefix: string, emails: readonly string[], severity?: AlarmSeverity): void {
    for (const [index, endpoint] of emails.entries()) {
      const subscription = new Subscription(this, `${prefix}${index + 1}`, {
        topic: this.topic,
        protocol: SubscriptionProtocol.EMAIL,
        endpoint,
      });
      const resource = subscription.node.defaultChild as CfnSubscription;
      // Not the L2's prop, which has no $or.
      resource.filterPolicy = notificationFilter(severity);
      resource.filterPolicyScope = 'MessageBody';
    }
  }
}
