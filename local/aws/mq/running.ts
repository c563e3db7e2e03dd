/** The RabbitMQ servers behind the brokers: embedded ones, or what the caller starts. */
import { startEmbeddedRabbitmq } from '../../rabbitmq/index.ts';

/** A running RabbitMQ, embedded or real. */
export interface RabbitmqBroker {
  readonly host: string;
  readonly port: number;
  /** Adds a user, or changes the password of one. */
  setPassword(username: string, password: string): Promise<void>;
  stop(): Promise<void>;
}

export interface RabbitmqRequest {
  readonly name: string;
  readonly user: { readonly username: string; readonly password: string };
  /** The port it had before, when the state outlived a process: clients have it in their settings. */
  readonly port: number | undefined;
}

/** Starts the RabbitMQ of a broker. Called once for each. */
export type StartRabbitmq = (request: RabbitmqRequest) => Promise<RabbitmqBroker>;

/** As Amazon MQ sets RabbitMQ 4 up: quorum queues where nothing else is said. */
export const startEmbedded: StartRabbitmq = async ({ user, port }) => {
  const settings = { users: [user], defaultQueueType: 'quorum' } as const;
  try {
    return await startEmbeddedRabbitmq({ ...settings, port: port ?? 0 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return startEmbeddedRabbitmq(settings);
  }
};
