/** How a function reaches a PostgreSQL database. */
import { Tokenization } from 'aws-cdk-lib';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IConstruct } from 'constructs';

export interface DatabaseConnection {
  /** JSON with host, port, username, password and dbname. A function may read it, and nothing else of the database. */
  readonly secret: ISecret;
  /**
   * Where it answers, if not at the host in the secret: the secret of a database that follows another one in another
   * Region is a copy of that one's.
   * @default - the host in the secret
   */
  readonly host?: string;
  /** @default - the port in the secret */
  readonly port?: number;
  /**
   * The network the database is in; functions that use it are placed there.
   * @default - reachable without a VPC
   */
  readonly vpc?: IVpc;
  /** @default - the private subnets of the VPC */
  readonly vpcSubnets?: SubnetSelection;
  /**
   * The security group that the database lets in. One for all clients, made where the database is, so
   * that no function's stack is needed by the database's.
   * @default - a security group per function, which the database must be told about
   */
  readonly clientSecurityGroup?: ISecurityGroup;
  /**
   * The PostgreSQL schema of the system that uses it: functions look for their tables in it and nowhere else.
   * @default - that of the database's own search path, `public`
   */
  readonly schema?: string;
  /**
   * The database in the topology.
   * @default - the secret stands for it
   */
  readonly construct?: IConstruct;
}

/** What tells a function or a process where the database is. */
export function databaseVariables(database: DatabaseConnection): Readonly<Record<string, string>> {
  const { secret, host, port, schema } = database;
  return {
    WAYBILL_DATABASE_SECRET_ARN: secret.secretArn,
    ...(host !== undefined && { WAYBILL_DATABASE_HOST: host }),
    ...(port !== undefined && { WAYBILL_DATABASE_PORT: Tokenization.stringifyNumber(port) }),
    ...(schema !== undefined && { WAYBILL_DATABASE_SCHEMA: schema }),
  };
}
