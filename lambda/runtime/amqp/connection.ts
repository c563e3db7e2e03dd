/** One connection to a broker, opened when it is needed and again after it broke, with its channels. */
import type { Channel, ChannelModel, ConfirmChannel } from 'amqplib';
import type { AmqpBroker } from './broker.ts';
import { AmqpError, amqpError, isAccessRefused } from './errors.ts';

/** A confirm channel and what became known about it. */
export interface PublishChannel {
  readonly channel: ConfirmChannel;
  /** How often a message with this id came back as unroutable and was not yet reported. */
  readonly returned: Map<string, number>;
  /** Why it was closed, when the broker closed it. */
  closedBy(): Error | undefined;
}

export interface AmqpConnection {
  /** The warm channel for publishing. Opened again when it was closed. */
  publishChannel(): Promise<PublishChannel>;
  /** A channel of its own, for a consumer or a declaration. The caller closes it. */
  channel(): Promise<Channel>;
  /** Ends the connection. The next call opens another. */
  close(): Promise<void>;
}

/** Seconds. A broker that is gone without a word is found after two of them. */
const HEARTBEAT = 30;
/** Milliseconds. */
const CONNECT_TIMEOUT = 10_000;
/** A consumer's own listener, those of the publisher, and some more: the client warns above ten. */
const MAX_LISTENERS = 50;

export function amqpConnection(broker: AmqpBroker): AmqpConnection {
  let opened: Promise<ChannelModel> | undefined;
  let publishing: Promise<PublishChannel> | undefined;

  const connection = (): Promise<ChannelModel> => {
    if (opened !== undefined) return opened;
    const opening = connect(broker);
    opened = opening;
    const forget = (): void => {
      if (opened === opening) opened = publishing = undefined;
    };
    opening.then((model) => {
      model.on('close', forget);
      // Without a listener a broken connection ends the process. `close` follows.
      model.on('error', () => undefined);
    }, forget);
    return opening;
  };

  const publishChannel = (): Promise<PublishChannel> => {
    if (publishing !== undefined) return publishing;
    const opening = openPublishChannel(connection, () => {
      if (publishing === opening) publishing = undefined;
    });
    publishing = opening;
    opening.catch(() => {
      if (publishing === opening) publishing = undefined;
    });
    return opening;
  };

  return {
    publishChannel,
    async channel() {
      const model = await connection();
      const channel = await model.createChannel().catch((error: unknown) => Promise.reject(amqpError(error)));
      channel.on('error', () => undefined);
      return channel;
    },
    async close() {
      const closing = opened;
      opened = publishing = undefined;
      const model = await closing?.catch(() => undefined);
      await model?.close().catch(() => undefined);
    },
  };
}

async function openPublishChannel(
  connection: () => Promise<ChannelModel>,
  forget: () => void,
): Promise<PublishChannel> {
  const model = await connection();
  const channel = await model
    .createConfirmChannel()
    .catch((error: unknown) => Promise.reject(amqpError(error)));
  const returned = new Map<string, number>();
  let closedBy: Error | undefined;
  channel.setMaxListeners(MAX_LISTENERS);
  channel.on('error', (error: Error) => (closedBy = error));
  channel.on('close', forget);
  // The broker sends a message back before it confirms it.
  channel.on('return', ({ properties }) => {
    const id = String(properties.messageId);
    returned.set(id, (returned.get(id) ?? 0) + 1);
  });
  return { channel, returned, closedBy: () => closedBy };
}

/** A refused password is read again once: the secret may have been rotated since it was read. */
async function connect(broker: AmqpBroker): Promise<ChannelModel> {
  try {
    return await connectOnce(broker, false);
  } catch (error) {
    if (!isAccessRefused(error)) throw unreachable(broker, error);
  }
  try {
    return await connectOnce(broker, true);
  } catch (error) {
    if (isAccessRefused(error)) throw amqpError(error);
    throw unreachable(broker, error);
  }
}

async function connectOnce(broker: AmqpBroker, fresh: boolean): Promise<ChannelModel> {
  const { connect: open } = await client();
  const { protocol, hostname, port, pathname } = new URL(broker.endpoint);
  const secure = protocol === 'amqps:';
  const { username, password } = await broker.credentials(fresh);
  return open(
    {
      protocol: secure ? 'amqps' : 'amqp',
      hostname,
      port: Number(port) || (secure ? 5671 : 5672),
      username,
      password,
      vhost: pathname.length > 1 ? decodeURIComponent(pathname.slice(1)) : '/',
      heartbeat: HEARTBEAT,
    },
    { timeout: CONNECT_TIMEOUT, keepAlive: true, noDelay: true },
  );
}

function unreachable(broker: AmqpBroker, cause: unknown): AmqpError {
  if (cause instanceof AmqpError) return cause;
  const { host } = new URL(broker.endpoint);
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new AmqpError(
    'WAYBILL_AMQP_UNREACHABLE',
    `no connection to the broker at ${host} (${reason}): check the address, the security groups and that it runs`,
    { cause },
  );
}

/** Loaded when a broker is wanted: who uses none need not install it. The `try` lets a bundler go on without it too. */
async function client() {
  try {
    return await import('amqplib');
  } catch (cause) {
    throw new AmqpError(
      'WAYBILL_AMQP_CLIENT_MISSING',
      "the package 'amqplib' is not installed: npm install amqplib",
      { cause },
    );
  }
}

// Caches keyed by immutable values (D5): a warm function keeps its connection.
const shared = new Map<string, AmqpConnection>();

/** The process's connection to the broker of the environment. */
export function sharedConnection(key: string, create: () => AmqpConnection): AmqpConnection {
  const known = shared.get(key) ?? create();
  shared.set(key, known);
  return known;
}
