/** What pushes to browsers: tickets, the WebSocket API with its functions, and the table of connections and notifications. */
import { Duration } from 'aws-cdk-lib';
import type { RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { DataTable, EventFunction } from '../constructs/index.ts';
import type { QueueConsumer, TableAction } from '../constructs/index.ts';
import type { GenerationConfig } from '../config/index.ts';
import { pascalCase } from '../constructs/names.ts';
import { createSecret, readSecret } from './signing-secret.ts';
import { SystemWebSocketApi } from './web-socket-api.ts';

export interface GenerationPushProps {
  readonly values: GenerationConfig;
  readonly encryptionKey: IKey;
  readonly removalPolicy: RemovalPolicy;
  readonly logRetention: RetentionDays;
}

/** A file for each function, of its name. */
const entryOf = (name: string): string => `lambda/handlers/generation/${name}.ts`;

/** Somebody waits for each of them to connect or to be answered. */
const FUNCTION_TIMEOUT = Duration.seconds(10);

/** What each function does with the table; transactions need the actions of their items. */
const TABLE_ACTIONS = {
  /** Marks a ticket as used. */
  authorizer: ['PutItem'],
  /** Keeps the connection, and lets the oldest go above the cap. */
  connect: ['DeleteItem', 'PutItem', 'Query'],
  disconnect: ['DeleteItem'],
  /** Reads what was missed, and keeps the connection again. */
  message: ['DeleteItem', 'GetItem', 'PutItem', 'Query'],
  /** Gives a notification its cursor and keeps it, then sends it to each connection. */
  notifier: ['DeleteItem', 'GetItem', 'PutItem', 'Query', 'UpdateItem'],
} as const satisfies Readonly<Record<string, readonly TableAction[]>>;

/** POST sends; DELETE closes what has expired or is one too many. */
const SENDING = ['DELETE', 'POST'] as const;

export class GenerationPush extends Construct {
  readonly table: DataTable;
  readonly ticketSecret: Secret;
  readonly webSocket: SystemWebSocketApi;
  /** Answers `POST /tickets` of the HTTP API. */
  readonly tickets: EventFunction;
  readonly #props: GenerationPushProps;

  constructor(scope: Construct, id: string, props: GenerationPushProps) {
    super(scope, id);
    this.#props = props;
    this.table = new DataTable(this, 'PushTable', {
      variable: 'PUSH_TABLE_NAME',
      encryptionKey: props.encryptionKey,
      removalPolicy: props.removalPolicy,
    });
    this.ticketSecret = createSecret(
      this,
      'TicketSecret',
      'Signs the tickets of the WebSocket API',
      'A ticket lives for a minute, and both of its functions must change to a new key at the same moment: the rotation is commanded and not scheduled',
    );
    const authorizer = this.#function('web-socket-authorizer', 'Verifies tickets');
    const connect = this.#function('web-socket-connect', 'Keeps connections');
    const disconnect = this.#function('web-socket-disconnect', 'Forgets connections');
    const message = this.#function('web-socket-message', 'Answers browsers: what they have missed');
    readSecret(authorizer, this.ticketSecret, 'TICKET_SECRET_ARN');
    this.webSocket = new SystemWebSocketApi(this, 'WebSocket', {
      authorizer,
      identitySource: ['route.request.querystring.ticket'],
      connect,
      disconnect,
      message,
      actions: ['resume', 'ping'],
      throttlingRateLimit: props.values.webSocketRateLimit,
      throttlingBurstLimit: props.values.webSocketBurstLimit,
      logRetention: props.logRetention,
    });
    this.table.grants.access(authorizer, TABLE_ACTIONS.authorizer);
    this.table.grants.access(connect, TABLE_ACTIONS.connect);
    this.table.grants.access(disconnect, TABLE_ACTIONS.disconnect);
    this.table.grants.access(message, TABLE_ACTIONS.message);
    this.webSocket.grantConnections(connect, SENDING);
    this.webSocket.grantConnections(message, SENDING);
    this.webSocket.tellManagementUrl(disconnect);
    this.tickets = new EventFunction(this, 'Tickets', {
      entry: entryOf('tickets'),
      description: 'Gives callers of the HTTP API tickets for the WebSocket API',
      environment: { WEB_SOCKET_URL: this.webSocket.url },
      timeout: FUNCTION_TIMEOUT,
      logRetention: props.logRetention,
    });
    readSecret(this.tickets, this.ticketSecret, 'TICKET_SECRET_ARN');
  }

  /** For the consumer that tells users what has happened. */
  letNotify(notifier: QueueConsumer): void {
    this.table.grants.access(notifier.handler, TABLE_ACTIONS.notifier);
    this.webSocket.grantConnections(notifier.handler, SENDING);
    notifier.function.addEnvironment('PUSH_RETENTION_DAYS', this.#retentionDays);
  }

  get #retentionDays(): string {
    return String(this.#props.values.notificationRetentionDays);
  }

  #function(name: string, description: string): EventFunction {
    return new EventFunction(this, pascalCase(name), {
      entry: entryOf(name),
      description,
      environment: {
        PUSH_RETENTION_DAYS: this.#retentionDays,
        PUSH_MAX_CONNECTIONS_PER_USER: String(this.#props.values.maxConnectionsPerUser),
      },
      timeout: FUNCTION_TIMEOUT,
      logRetention: this.#props.logRetention,
    });
  }
}
