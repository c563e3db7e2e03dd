/** One simulated browser of the load test: as little as keeps every notification once and in order. */
import { WebSocket } from 'ws';
import { parseServerMessage } from '../../../lambda/push/protocol.ts';
import type { ServerMessage } from '../../../lambda/push/protocol.ts';

/** What one client tells at the end. */
export interface LoadClientState {
  readonly user: number;
  /** All up to this one came, each once and in order. */
  readonly cursor: number;
  readonly duplicates: number;
  readonly connections: number;
  readonly isConnected: boolean;
}

export interface LoadClientProps {
  readonly user: number;
  /** With a new ticket: it is good for one connection. */
  readonly url: () => string;
  /** Waits for the turn to connect; what it answers gives the turn back. */
  readonly turn: () => Promise<() => void>;
  /** Called with each new notification, and the milliseconds since it was published. */
  readonly onNotification: (latency: number) => void;
}

/** Milliseconds before a connection that failed is tried again. */
const RETRY = 500;
/** Milliseconds for a handshake. */
const HANDSHAKE_TIMEOUT = 60_000;

export class LoadClient {
  readonly #props: LoadClientProps;
  #socket: WebSocket | undefined;
  #cursor = 0;
  #newest = 0;
  #duplicates = 0;
  #connections = 0;
  #resuming = false;
  #ended = false;

  constructor(props: LoadClientProps) {
    this.#props = props;
  }

  /** Connects, and again whenever the connection is lost, until it is ended. */
  async connect(): Promise<void> {
    if (this.#ended) return;
    const done = await this.#props.turn();
    const socket = new WebSocket(this.#props.url(), { handshakeTimeout: HANDSHAKE_TIMEOUT });
    this.#socket = socket;
    // The turn ends when the server has answered all that this client missed, not when the socket is open.
    let inTurn = true;
    const endTurn = (): void => {
      if (inTurn) done();
      inTurn = false;
    };
    socket.on('error', () => {});
    socket.on('open', () => {
      this.#connections += 1;
      this.#resume();
    });
    socket.on('message', (data: Buffer) => {
      const message = parseServerMessage(data.toString());
      if (message === undefined) return;
      this.#take(message);
      if (message.type === 'caught-up') endTurn();
    });
    socket.on('close', () => {
      endTurn();
      setTimeout(() => void this.connect(), RETRY * (1 + Math.random()));
    });
  }

  cut(): void {
    this.#socket?.terminate();
  }

  end(): void {
    this.#ended = true;
    this.#socket?.terminate();
  }

  state(): LoadClientState {
    return {
      user: this.#props.user,
      cursor: this.#cursor,
      duplicates: this.#duplicates,
      connections: this.#connections,
      isConnected: this.#socket?.readyState === WebSocket.OPEN && !this.#resuming,
    };
  }

  #take(message: ServerMessage): void {
    if (message.type === 'notification') {
      this.#newest = Math.max(this.#newest, message.cursor);
      if (message.cursor === this.#cursor + 1) {
        this.#cursor = message.cursor;
        const { updatedAt } = message.data as { readonly updatedAt: string };
        this.#props.onNotification(Date.now() - Date.parse(updatedAt));
      } else if (message.cursor <= this.#cursor) {
        this.#duplicates += 1;
      } else if (!this.#resuming) {
        this.#resume();
      }
    } else if (message.type === 'more') {
      this.#resume();
    } else if (message.type === 'caught-up') {
      this.#resuming = false;
      if (this.#newest > this.#cursor) this.#resume();
    } else if (message.type === 'error') {
      setTimeout(() => this.#resume(), RETRY);
    }
  }

  #resume(): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#resuming = true;
    this.#socket.send(JSON.stringify({ action: 'resume', cursor: this.#cursor }));
  }
}
