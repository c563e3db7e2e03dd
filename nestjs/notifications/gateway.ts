/** The WebSocket gateway: checks the ticket before a connection opens, then hands the socket over. */
import type { IncomingMessage } from 'node:http';
import { Inject } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { WebSocketGateway } from '@nestjs/websockets';
import type { OnGatewayConnection, OnGatewayDisconnect, OnGatewayInit } from '@nestjs/websockets';
import type { WebSocketServer } from 'ws';
import { NestError } from '../errors.ts';
import type { PushSession, PushSocket } from './connection.ts';
import { WaybillNotifications } from './notifications.ts';

/** The caller of a handshake, undefined to refuse it. */
export type Authenticate = (
  ticket: string,
  request: IncomingMessage,
) => PushSession | undefined | Promise<PushSession | undefined>;

export const AUTHENTICATE = Symbol('waybill authenticate');

/** Bytes: a message of the protocol has less than a hundred. */
const MAX_MESSAGE = 4_096;
/** Anything, for the reading of a path and a query. */
const BASE = 'ws://localhost';

/** A class of its own for each module: Nest keeps port and path with the class. */
export function notificationsGateway(port: number, path: string): Type<OnGatewayConnection> {
  class NotificationsGateway implements OnGatewayInit, OnGatewayConnection, OnGatewayDisconnect {
    readonly #notifications: WaybillNotifications;
    readonly #authenticate: Authenticate;
    readonly #sessions = new WeakMap<IncomingMessage, PushSession>();

    constructor(notifications: WaybillNotifications, authenticate: Authenticate) {
      this.#notifications = notifications;
      this.#authenticate = authenticate;
    }

    afterInit(server: WebSocketServer): void {
      if (typeof server.handleUpgrade !== 'function') {
        throw new NestError(
          'WAYBILL_NEST_ADAPTER_MISSING',
          'the notifications gateway speaks plain WebSocket, and the adapter of this application does not: app.useWebSocketAdapter(new WsAdapter(app)), from @nestjs/platform-ws, before the application starts',
        );
      }
      // Before the handshake is answered, so that a caller without a ticket gets a status and no connection.
      server.options.verifyClient = ({ req }, answer): void => {
        void this.#check(req).then(
          (status) => answer(status === undefined, status),
          () => answer(false, 503),
        );
      };
    }

    handleConnection(socket: PushSocket, request: IncomingMessage): void {
      const session = this.#sessions.get(request);
      if (session === undefined) socket.terminate();
      else this.#notifications.connected(socket, session);
    }

    handleDisconnect(socket: PushSocket): void {
      this.#notifications.disconnected(socket);
    }

    /** The status that refuses the handshake, undefined where it is answered. */
    async #check(request: IncomingMessage): Promise<number | undefined> {
      if (this.#notifications.isStopping) return 503;
      const ticket = new URL(request.url ?? '/', BASE).searchParams.get('ticket');
      if (ticket === null || ticket === '') return 401;
      const session = await this.#authenticate(ticket, request);
      if (session === undefined) return 403;
      this.#sessions.set(request, session);
      return undefined;
    }
  }
  // As @Inject() on the parameters and @WebSocketGateway() on the class would do.
  Inject(WaybillNotifications)(NotificationsGateway, undefined, 0);
  Inject(AUTHENTICATE)(NotificationsGateway, undefined, 1);
  WebSocketGateway(port, { path, maxPayload: MAX_MESSAGE })(NotificationsGateway);
  return NotificationsGateway;
}
