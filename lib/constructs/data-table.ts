/** A DynamoDB table that functions keep their own data in, with grants of single actions and the key they need for it. */
import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { GlobalSecondaryIndexPropsV2 } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { allowTableKey, encryptTable } from './table-key.ts';
import { recordEdge, recordNode } from './topology-recorder.ts';

export interface DataTableProps {
  /** The variable that tells a function the table's name, for example ORDERS_TABLE_NAME. */
  readonly variable: string;
  /**
   * Encrypts the table, for example a MessagingKey.
   * @default - a key of DynamoDB's own
   */
  readonly encryptionKey?: IKey;
  /**
   * Indexes besides the table's own keys `pk` and `sk`.
   * @default - none
   */
  readonly globalSecondaryIndexes?: readonly GlobalSecondaryIndexPropsV2[];
  /**
   * What happens to the table when it leaves the stack. RETAIN also refuses to delete it by hand.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** A construct with a function of its own: EventFunction, QueueConsumer and their like. */
export interface TableUser extends IGrantable, Construct {
  readonly function: LambdaFunction;
}

/** Actions on items, in IAM's words without the service. Transactions take those of their items. */
export type TableAction =
  | 'BatchWriteItem'
  | 'ConditionCheckItem'
  | 'DeleteItem'
  | 'GetItem'
  | 'PutItem'
  | 'Query'
  | 'UpdateItem';

/**
 * Keys `pk` and `sk`, both text; rows are deleted by DynamoDB some time after `expiresAt` (seconds since the epoch).
 * On demand, with point-in-time recovery.
 *
 * @example
 * const carts = new DataTable(this, 'Carts', { variable: 'CARTS_TABLE_NAME' });
 * carts.grants.access(api, ['GetItem', 'PutItem']);
 */
export class DataTable extends Construct {
  readonly table: TableV2;
  readonly grants: DataTableGrants;

  constructor(scope: Construct, id: string, props: DataTableProps) {
    super(scope, id);
    const { encryptionKey } = props;
    const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
    this.table = new TableV2(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billing: Billing.onDemand(),
      timeToLiveAttribute: 'expiresAt',
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy,
      deletionProtection: removalPolicy === RemovalPolicy.RETAIN,
      ...(props.globalSecondaryIndexes === undefined
        ? {}
        : { globalSecondaryIndexes: [...props.globalSecondaryIndexes] }),
    });
    if (encryptionKey !== undefined) encryptTable(this.table, encryptionKey);
    recordNode(this, { kind: 'table', resource: this.table });
    this.grants = new DataTableGrants(this, props);
  }
}

export class DataTableGrants {
  readonly #table: DataTable;
  readonly #variable: string;
  readonly #encryptionKey: IKey | undefined;

  constructor(table: DataTable, { variable, encryptionKey }: DataTableProps) {
    this.#table = table;
    this.#variable = variable;
    this.#encryptionKey = encryptionKey;
  }

  /** These actions on the table, a query of these indexes, the use of its key, and the variable with its name. */
  access(user: TableUser, actions: readonly TableAction[], indexes: readonly string[] = []): void {
    const { table } = this.#table;
    user.function.addEnvironment(this.#variable, table.tableName);
    const allow = (granted: readonly string[], resources: string[]): void => {
      user.grantPrincipal.addToPrincipalPolicy(
        new PolicyStatement({ actions: granted.map((action) => `dynamodb:${action}`), resources }),
      );
    };
    allow(actions, [table.tableArn]);
    if (indexes.length > 0) {
      allow(
        ['Query'],
        indexes.map((name) => `${table.tableArn}/index/${name}`),
      );
    }
    if (this.#encryptionKey !== undefined) allowTableKey(user, table, this.#encryptionKey);
    recordEdge(this.#table, {
      kind: 'accesses',
      from: user,
      to: this.#table,
      actions,
      ...(indexes.length === 0 ? {} : { indexes }),
    });
  }
}
