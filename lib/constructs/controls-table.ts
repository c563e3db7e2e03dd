/**
 * The controls of a system: one table with kill switches and the shared state of circuit breakers, which functions
 * read within seconds and operators change with `waybill controls`. See docs/degradation.md.
 */
import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { ValidationError } from './errors.ts';
import type { EventFunction } from './event-function.ts';
import { allowTableKey, encryptTable, replicateTable } from './table-key.ts';

export interface ControlsTableProps {
  /**
   * Encrypts the table, for example a MessagingKey.
   * @default - a key of DynamoDB's own
   */
  readonly encryptionKey?: IKey;
  /**
   * The Region that takes over when this one is lost: the table is replicated there. A breaker is then kept by Region,
   * because each Region's conditional writes are its own.
   * @default - this Region alone
   */
  readonly standbyRegion?: string;
  /**
   * The key of the replica, in the standby Region: its ARN, or that of an alias. Needed together with encryptionKey.
   * @default - none
   */
  readonly standbyKeyArn?: string;
  /**
   * In the standby Region: the name of the table there, which the first Region's ControlsTable has made. `encryptionKey`
   * is then the key of that replica, and the other values are the first Region's.
   * @default - a table is made
   */
  readonly replicaNamed?: string;
  /**
   * The table's name, the same in every Region.
   * @default - made up by CloudFormation
   */
  readonly tableName?: string;
  /** @default RemovalPolicy.RETAIN */
  readonly removalPolicy?: RemovalPolicy;
}

/** Who reads the controls, and which part of the table is its own. */
export interface ControlsReader {
  /** What it calls through a breaker: the names that `controls.dependency(...)` is given. */
  readonly dependencies: readonly string[];
  /** The consumer's name; undefined for a function that consumes nothing. */
  readonly consumer: string | undefined;
}

/**
 * @example
 * const controls = new ControlsTable(this, 'Controls', { encryptionKey: key });
 * new QueueConsumer(this, 'Payments', { subscribesTo, entry, controls, dependencies: ['payment-gateway'] });
 */
export class ControlsTable extends Construct {
  readonly table: ITableV2;
  readonly #encryptionKey: IKey | undefined;

  /** @throws ValidationError when the replica would be without a key */
  constructor(scope: Construct, id: string, props: ControlsTableProps = {}) {
    super(scope, id);
    const { encryptionKey, standbyRegion, standbyKeyArn } = props;
    if (encryptionKey !== undefined && standbyRegion !== undefined && standbyKeyArn === undefined) {
      throw new ValidationError(this, [
        {
          code: 'WAYBILL_STANDBY_KEY_MISSING',
          prop: 'standbyKeyArn',
          received: `none, with an encryptionKey and the standbyRegion ${standbyRegion}`,
          allowed: 'the ARN of a key in the standby Region',
          fix: 'make a MessagingKey in a stack there and give its ARN: a replica is encrypted with a key of its own Region',
        },
      ]);
    }
    this.#encryptionKey = encryptionKey;
    this.table =
      props.replicaNamed === undefined
        ? this.#create(props)
        : TableV2.fromTableName(this, 'Table', props.replicaNamed);
  }

  #create({ encryptionKey, standbyRegion, standbyKeyArn, tableName, ...props }: ControlsTableProps): TableV2 {
    const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
    const table = new TableV2(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billing: Billing.onDemand(),
      timeToLiveAttribute: 'expiresAt',
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy,
      deletionProtection: removalPolicy === RemovalPolicy.RETAIN,
      ...(tableName === undefined ? {} : { tableName }),
    });
    if (encryptionKey !== undefined) encryptTable(table, encryptionKey);
    if (standbyRegion !== undefined) {
      replicateTable(table, {
        region: standbyRegion,
        keyArn: standbyKeyArn,
        deletionProtection: removalPolicy === RemovalPolicy.RETAIN,
      });
    }
    return table;
  }

  /** Tells the function's runtime, and lets it read the switches and write its own part. The same as the prop `controls`. */
  connect(fn: EventFunction, { dependencies, consumer }: ControlsReader): void {
    fn.function.addEnvironment('WAYBILL_CONTROLS_TABLE', this.table.tableName);
    if (dependencies.length > 0) fn.function.addEnvironment('WAYBILL_DEPENDENCIES', dependencies.join(','));
    // The partitions are those of lambda/runtime/degradation/control-keys.ts.
    const breakers = dependencies.map((dependency) => `breaker#${dependency}`);
    const parked = consumer === undefined ? [] : [`parked#${consumer}`];
    const failures = consumer === undefined ? [] : [`failures#${consumer}`];
    this.#allow(fn, ['dynamodb:GetItem'], breakers);
    this.#allow(fn, ['dynamodb:Query'], ['switches', ...parked]);
    this.#allow(fn, ['dynamodb:UpdateItem'], [...breakers, ...failures]);
    this.#allow(fn, ['dynamodb:DeleteItem', 'dynamodb:PutItem'], parked);
    if (this.#encryptionKey !== undefined) allowTableKey(fn, this.table, this.#encryptionKey);
  }

  /** "Using IAM policy conditions for fine-grained access control", amazondynamodb/latest/developerguide/specifying-conditions.html. */
  #allow(fn: EventFunction, actions: readonly string[], partitions: readonly string[]): void {
    if (partitions.length === 0) return;
    fn.role.addToPolicy(
      new PolicyStatement({
        actions: [...actions],
        resources: [this.table.tableArn],
        conditions: {
          'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': [...partitions] },
          // ForAllValues holds for a request without keys, too.
          Null: { 'dynamodb:LeadingKeys': 'false' },
        },
      }),
    );
  }
}
