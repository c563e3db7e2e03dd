/** What every stack of ours has: its environment's values, its name, its tags. */
import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { APPLICATION_NAME, stackNameOf } from '../config/index.ts';
import type { EnvironmentConfig, LogRetentionDays } from '../config/index.ts';

export { APPLICATION_NAME };

export interface EnvironmentStackProps {
  readonly config: EnvironmentConfig;
}

/** Named APPLICATION-ENVIRONMENT-PART; the construct's path is the same in every environment. */
export abstract class EnvironmentStack extends Stack {
  readonly config: EnvironmentConfig;

  constructor(scope: Construct, id: string, props: EnvironmentStackProps & { readonly description: string }) {
    const { config } = props;
    const part = id.toLowerCase();
    const account = config.account ?? process.env['CDK_DEFAULT_ACCOUNT'];
    const region = config.region ?? process.env['CDK_DEFAULT_REGION'];
    super(scope, id, {
      stackName: stackNameOf(config.name, part),
      description: props.description,
      terminationProtection: config.removalPolicy === 'retain',
      env: {
        ...(account === undefined ? {} : { account }),
        ...(region === undefined ? {} : { region }),
      },
      // CloudFormation puts a stack's tags on everything in it.
      tags: { Application: APPLICATION_NAME, Environment: config.name, Service: part },
    });
    this.config = config;
  }

  get removalPolicy(): RemovalPolicy {
    return this.config.removalPolicy === 'retain' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
  }

  get logRetention(): RetentionDays {
    return LOG_RETENTION[this.config.logRetentionDays];
  }
}

const LOG_RETENTION: Readonly<Record<LogRetentionDays, RetentionDays>> = {
  1: RetentionDays.ONE_DAY,
  7: RetentionDays.ONE_WEEK,
  14: RetentionDays.TWO_WEEKS,
  30: RetentionDays.ONE_MONTH,
  90: RetentionDays.THREE_MONTHS,
  180: RetentionDays.SIX_MONTHS,
  365: RetentionDays.ONE_YEAR,
  731: RetentionDays.TWO_YEARS,
};
