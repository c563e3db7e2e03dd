/**
 * An address of a server as the cluster of one Region has it: while another Region's cluster is the writer, it takes no
 * writes, and when the writer moves, connections end. As Aurora Global Database does it:
 * https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-disaster-recovery.html
 */
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export type ClusterRole = 'writer' | 'reader';

export interface ClusterEndpoint {
  readonly host: string;
  readonly port: number;
  /** Ends all connections. Those that come are of the new role. */
  become(role: ClusterRole): void;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
/**
 * Of a StartupMessage; before it a client may ask for TLS.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
const PROTOCOL_3 = 196_608;
/** Bytes of a startup message's length and version. */
const STARTUP_HEADER = 8;
/** Writes fail with 25006, "in a read-only transaction", as on a cluster that follows. */
const READ_ONLY = Buffer.from('default_transaction_read_only\0on\0\0');

/** @param server the one server behind all endpoints of a global database */
export async function startClusterEndpoint(
  server: { readonly host: string; readonly port: number },
  role: ClusterRole,
): Promise<ClusterEndpoint> {
  let current = role;
  const open = new Set<Socket>();

  const relay = (client: Socket): void => {
    const upstream = connect(server.port, server.host);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
    }
    upstream.pipe(client);
    let head = Buffer.alloc(0);
    const onStart = (chunk: Buffer): void => {
      head = Buffer.concat([head, chunk]);
      while (head.length >= STARTUP_HEADER && head.length >= head.readInt32BE(0)) {
        if (head.readInt32BE(0) < STARTUP_HEADER) {
          client.destroy();
          return;
        }
        const message = head.subarray(0, head.readInt32BE(0));
        head = head.subarray(message.length);
        const isStartup = message.readInt32BE(4) === PROTOCOL_3;
        upstream.write(isStartup && current === 'reader' ? readOnly(message) : message);
        if (!isStartup) continue;
        client.off('data', onStart);
        upstream.write(head);
        client.pipe(upstream);
        return;
      }
    };
    client.on('data', onStart);
  };

  const listener = createServer(relay);
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(0, HOST, resolve);
  });
  const endAll = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    host: HOST,
    port: (listener.address() as AddressInfo).port,
    become(next) {
      current = next;
      endAll();
    },
    close: () =>
      new Promise((resolve) => {
        listener.close(() => resolve());
        endAll();
      }),
  };
}

/** The startup message with one parameter more, before the empty name that ends them. */
function readOnly(startup: Buffer): Buffer {
  const changed = Buffer.concat([startup.subarray(0, -1), READ_ONLY]);
  changed.writeInt32BE(changed.length, 0);
  return changed;
}
