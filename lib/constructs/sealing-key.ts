/** The key under which personal data is sealed (D13), and who may seal and open which events. */
import { Lazy, RemovalPolicy } from 'aws-cdk-lib';
import type { ContainerDefinition } from 'aws-cdk-lib/aws-ecs';
import { AccountRootPrincipal, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { CfnReplicaKey, Key } from 'aws-cdk-lib/aws-kms';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { AnyEventContract } from '../contracts/index.ts';

export interface SealingKeyProps {
  /**
   * What happens to the key when it leaves the stack. What was sealed under a deleted key can't be opened any more.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
  /**
   * The ARN of the SealingKey in another Region whose replica this is: what was sealed there opens here, also when that
   * Region is gone.
   * @default - a key of its own, of which replicas can be made
   */
  readonly replicaOf?: string;
}

/** A construct with a function of its own: EventFunction, QueueConsumer and their like. */
export interface SealingFunction extends IGrantable {
  readonly function: LambdaFunction;
}

/** A long-running process: EventProcess. */
export interface SealingProcess extends IGrantable {
  readonly container: ContainerDefinition;
}

/**
 * A customer key of its own, rotated yearly: no service of AWS may use it, as the MessagingKey's key policy lets SNS
 * and EventBridge, so that what passes through them stays sealed for them, too.
 *
 * @example
 * const key = new SealingKey(this, 'SealingKey');
 * key.grants.seal(customersApi, [CustomerRegistered]);
 * key.grants.open(customerProfile, [CustomerRegistered]);
 */
export class SealingKey extends Construct {
  readonly key: IKey;
  readonly grants: SealingKeyGrants;

  constructor(scope: Construct, id: string, props: SealingKeyProps = {}) {
    super(scope, id);
    this.key = createKey(this, props);
    this.grants = new SealingKeyGrants(this.key);
  }
}

const DESCRIPTION = 'Personal data in events';

function createKey(scope: Construct, { replicaOf, ...props }: SealingKeyProps): IKey {
  const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
  if (replicaOf === undefined) {
    return new Key(scope, 'Key', {
      description: DESCRIPTION,
      enableKeyRotation: true,
      multiRegion: true,
      removalPolicy,
    });
  }
  // Rotated with its primary. CDK has no construct for replicas yet.
  const replica = new CfnReplicaKey(scope, 'Replica', {
    primaryKeyArn: replicaOf,
    description: DESCRIPTION,
    keyPolicy: new PolicyDocument({
      statements: [
        new PolicyStatement({
          actions: ['kms:*'],
          principals: [new AccountRootPrincipal()],
          resources: ['*'],
        }),
      ],
    }),
  });
  replica.applyRemovalPolicy(removalPolicy);
  return Key.fromKeyArn(scope, 'Key', replica.attrArn);
}

/** What a function or process may do with the key, and the variable that tells its runtime so. */
const GRANTS = {
  seal: { action: 'kms:GenerateDataKey', variable: 'WAYBILL_SEALS' },
  open: { action: 'kms:Decrypt', variable: 'WAYBILL_OPENS' },
} as const;

export class SealingKeyGrants {
  readonly #key: IKey;
  readonly #events = {
    seal: new Map<Construct, Set<string>>(),
    open: new Map<Construct, Set<string>>(),
  };

  constructor(key: IKey) {
    this.#key = key;
  }

  /** `kms:GenerateDataKey` for data keys of these events, of any tenant. Events without `pii` are passed over. */
  seal(sealing: SealingFunction | SealingProcess, events: readonly AnyEventContract[]): void {
    this.#grant('seal', sealing, events);
  }

  /** `kms:Decrypt` for data keys of these events, of any tenant. Events without `pii` are passed over. */
  open(opening: SealingFunction | SealingProcess, events: readonly AnyEventContract[]): void {
    this.#grant('open', opening, events);
  }

  #grant(
    what: keyof typeof GRANTS,
    grantee: SealingFunction | SealingProcess,
    events: readonly AnyEventContract[],
  ): void {
    const personal = events.filter(({ pii }) => pii.length > 0).map(({ name }) => name);
    if (personal.length === 0) return;
    const granted = this.#events[what];
    const target = 'container' in grantee ? grantee.container : grantee.function;
    const known = granted.get(target);
    if (known !== undefined) {
      for (const name of personal) known.add(name);
      return;
    }
    const names = new Set(personal);
    granted.set(target, names);
    const sorted = (): string[] => [...names].sort();
    const { action, variable } = GRANTS[what];
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        actions: [action],
        resources: [this.#key.keyArn],
        conditions: {
          StringEquals: { 'kms:EncryptionContext:eventType': Lazy.list({ produce: sorted }) },
          // A data key that is bound to no tenant would open the data of all.
          Null: { 'kms:EncryptionContext:tenantId': 'false' },
        },
      }),
    );
    target.addEnvironment('WAYBILL_SEALING_KEY_ARN', this.#key.keyArn);
    target.addEnvironment(variable, Lazy.string({ produce: () => sorted().join(',') }));
  }
}
