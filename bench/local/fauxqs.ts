/** The npm peer in this process, on the loopback interface alone: by itself it listens on all of them. */
import { Server } from 'node:net';
import { pathToFileURL } from 'node:url';

/** What of its in-process interface the bench uses. */
export interface FauxqsServer {
  createTopic(name: string): void;
  createQueue(name: string): void;
  subscribe(options: {
    readonly topic: string;
    readonly queue: string;
    readonly attributes?: Readonly<Record<string, string>>;
  }): void;
  publish(topic: string, message: string, options: object): void;
  sendMessage(queue: string, body: string): void;
  reset(): void;
  stop(): Promise<void>;
}

/** `folder` is where it is installed; see `fauxqsFolder`. */
export async function startFauxqs(folder: string, port: number): Promise<FauxqsServer> {
  listenOnLoopback();
  const path = `${pathToFileURL(folder).href}/node_modules/fauxqs/dist/app.js`;
  const peer = (await import(path)) as { startFauxqs(options: object): Promise<FauxqsServer> };
  return peer.startFauxqs({ port, logger: false });
}

function listenOnLoopback(): void {
  const listen = Server.prototype.listen;
  Server.prototype.listen = function onLoopback(this: Server, ...parameters: unknown[]) {
    const [options] = parameters;
    if (typeof options === 'object' && options !== null) Object.assign(options, { host: '127.0.0.1' });
    return Reflect.apply(listen, this, parameters) as Server;
  } as typeof listen;
}
