/** What the first Region's stacks need in the Region that stands by: the key of the replica of the controls. */
import { CfnOutput } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { EnvironmentConfig } from '../config/index.ts';
import { MessagingKey } from '../constructs/index.ts';
import { EnvironmentStack } from './environment-stack.ts';

export interface CommerceStandbyStackProps {
  readonly config: EnvironmentConfig;
  readonly standbyRegion: string;
}

/** Part of the first Region's deployment, but in the other Region: a replica's key must be there before the replica. */
export class CommerceStandbyStack extends EnvironmentStack {
  /** The first Region knows the key by it: what AWS calls the key is not known when its stacks are synthesized. */
  readonly keyAliasArn: string;

  constructor(scope: Construct, id: string, { config, standbyRegion }: CommerceStandbyStackProps) {
    super(scope, id, {
      config: { ...config, region: standbyRegion },
      description: 'What the first Region needs in the Region that stands by',
    });
    const alias = this.stackName;
    const key = new MessagingKey(this, 'ControlsKey', { alias, removalPolicy: this.removalPolicy });
    this.keyAliasArn = this.formatArn({ service: 'kms', resource: 'alias', resourceName: alias });
    new CfnOutput(this, 'ControlsKeyArn', {
      value: key.keyArn,
      description: 'The key of the replica of the controls',
    });
  }
}
