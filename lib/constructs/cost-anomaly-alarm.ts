/**
 * Tells people when a part of the application costs more than AWS expects it to, by Cost Anomaly Detection.
 * cost-management/latest/userguide/manage-ad.html
 */
import { Stack, Token } from 'aws-cdk-lib';
import { CfnAnomalyMonitor, CfnAnomalySubscription } from 'aws-cdk-lib/aws-ce';
import { Construct } from 'constructs';
import type { AlertTopic } from './alert-topic.ts';

export interface CostAnomalyAlarmProps {
  /** Gets the message. Let it in with its `allowCostAnomalies()`. */
  readonly alertTopic: AlertTopic;
  /** The cost allocation tag whose costs are watched. It has to be activated in the billing console. */
  readonly tag: { readonly key: string; readonly value: string };
  /** US dollars above what is expected, over the whole anomaly. */
  readonly threshold: number;
}

/**
 * A monitor of one tag's costs, and a subscription of the alert topic. Billing knows of costs after about a day, so this
 * is for what creeps; runaway functions are seen by their own alarms. Cost Explorer is not in every partition: there
 * nothing is made.
 */
export class CostAnomalyAlarm extends Construct {
  constructor(scope: Construct, id: string, props: CostAnomalyAlarmProps) {
    super(scope, id);
    if (!hasCostExplorer(this)) return;
    const { key, value } = props.tag;
    const monitorName = `${Stack.of(this).stackName}-${value}`;
    const monitor = new CfnAnomalyMonitor(this, 'Monitor', {
      monitorName,
      monitorType: 'CUSTOM',
      monitorSpecification: JSON.stringify({
        Tags: { Key: key, Values: [value], MatchOptions: ['EQUALS'] },
      }),
    });
    const subscription = new CfnAnomalySubscription(this, 'Subscription', {
      subscriptionName: monitorName,
      // SNS topics get each anomaly when it is found, and no other way.
      frequency: 'IMMEDIATE',
      monitorArnList: [monitor.attrMonitorArn],
      subscribers: [{ type: 'SNS', address: props.alertTopic.topic.topicArn }],
      thresholdExpression: JSON.stringify({
        Dimensions: {
          Key: 'ANOMALY_TOTAL_IMPACT_ABSOLUTE',
          MatchOptions: ['GREATER_THAN_OR_EQUAL'],
          Values: [String(props.threshold)],
        },
      }),
    });
    subscription.node.addDependency(monitor);
  }
}

/** Not in China and GovCloud. A Region that is not known at synth is taken to be one that has it. */
function hasCostExplorer(scope: Construct): boolean {
  const { region } = Stack.of(scope);
  return Token.isUnresolved(region) || !/^(?:cn|us-gov|us-iso\w*|eu-isoe)-/.test(region);
}
