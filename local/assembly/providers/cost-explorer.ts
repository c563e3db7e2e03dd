/** AWS::CE::*: Cost Anomaly Detection. Nothing costs anything here, so nothing is watched. */
import type { Provider } from './provider.ts';

const NAME_LENGTH = 50;

export const COST_EXPLORER_PROVIDERS: Readonly<Record<string, Provider>> = {
  'AWS::CE::AnomalyMonitor': inert('MonitorArn', [
    'MonitorDimension',
    'MonitorName',
    'MonitorSpecification',
    'MonitorType',
    'ResourceTags',
  ]),
  'AWS::CE::AnomalySubscription': inert('SubscriptionArn', [
    'Frequency',
    'MonitorArnList',
    'ResourceTags',
    'Subscribers',
    'SubscriptionName',
    'Threshold',
    'ThresholdExpression',
  ]),
};

function inert(attribute: string, properties: readonly string[]): Provider {
  return {
    honoured: [],
    inert: properties,
    async create(_properties, context) {
      const kind = attribute.replace('Arn', '').toLowerCase();
      const arn = `arn:aws:ce::${context.aws.accountId}:anomaly${kind}/${context.generatedName(NAME_LENGTH)}`;
      return {
        physicalId: arn,
        attributes: { [attribute]: arn },
        inertBecause: 'nothing here costs anything',
      };
    },
  };
}
