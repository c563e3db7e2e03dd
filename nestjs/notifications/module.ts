/** `WaybillNotificationsModule`: push notifications over WebSocket as providers of a Nest application. */
import type { DynamicModule, FactoryProvider, ModuleMetadata } from '@nestjs/common';
import { NestError } from '../errors.ts';
import { loadPeer } from '../peers.ts';
import type { InjectedToken } from '../options.ts';
import type { Authenticate } from './gateway.ts';
import { WaybillNotifications } from './notifications.ts';
import type { NotificationSettings } from './notifications.ts';
import { MIN_SECRET_BYTES, usedTicket } from './ticket.ts';

export interface WaybillNotificationsOptions extends NotificationSettings {
  /**
   * The key of `createTicket()`, 32 bytes or more.
   * @default - `authenticate` says who connects
   */
  readonly ticketSecret?: string;
  /**
   * Who shows this ticket, for tickets of your own. `expiresAt` ends the connection.
   * @default - tickets of `ticketSecret`
   */
  readonly authenticate?: Authenticate;
}

/** Where the gateway listens. Nest wants to know before anything can be injected. */
export interface WebSocketPlace {
  /**
   * Path of the WebSocket.
   * @default '/notifications'
   */
  readonly path?: string;
  /**
   * A port of its own.
   * @default - the port of the application
   */
  readonly port?: number;
}

export interface WaybillNotificationsAsyncOptions<Dependencies extends readonly unknown[]>
  extends Pick<ModuleMetadata, 'imports'>, WebSocketPlace {
  /** Injected into `useFactory`, in this order. */
  readonly inject?: readonly InjectedToken[];
  readonly useFactory: (
    ...dependencies: Dependencies
  ) => WaybillNotificationsOptions | Promise<WaybillNotificationsOptions>;
}

const OPTIONS = Symbol('waybill notification options');
const DEFAULT_PATH = '/notifications';

/** Needs `app.useWebSocketAdapter(new WsAdapter(app))`, from @nestjs/platform-ws. */
// oxlint-disable-next-line typescript/no-extraneous-class -- Nest's dynamic modules are classes
export class WaybillNotificationsModule {
  /**
   * @example
   * WaybillNotificationsModule.forRoot({ store: memoryNotificationStore(), ticketSecret });
   *
   * @throws NestError WAYBILL_NEST_PEER_MISSING
   */
  static forRoot(options: WaybillNotificationsOptions & WebSocketPlace): Promise<DynamicModule> {
    return moduleOf(options, { provide: OPTIONS, useFactory: () => options });
  }

  static forRootAsync<const Dependencies extends readonly unknown[]>(
    options: WaybillNotificationsAsyncOptions<Dependencies>,
  ): Promise<DynamicModule> {
    const { inject = [], useFactory, imports } = options;
    const provider = { provide: OPTIONS, inject: [...inject], useFactory } as FactoryProvider;
    return moduleOf(options, provider, imports);
  }
}

function moduleOf(
  { port = 0, path = DEFAULT_PATH }: WebSocketPlace,
  options: FactoryProvider,
  imports: DynamicModule['imports'] = [],
): Promise<DynamicModule> {
  const made = loadPeer('WaybillNotificationsModule', async (): Promise<DynamicModule> => {
    const { AUTHENTICATE, notificationsGateway } = await import('./gateway.ts');
    return {
      module: WaybillNotificationsModule,
      global: true,
      imports,
      providers: [
        options,
        {
          provide: WaybillNotifications,
          inject: [OPTIONS],
          useFactory: (given: WaybillNotificationsOptions) => new WaybillNotifications(given),
        },
        { provide: AUTHENTICATE, inject: [OPTIONS], useFactory: authenticateOf },
        notificationsGateway(port, path),
      ],
      exports: [WaybillNotifications],
    };
  });
  // Nest awaits it when it scans the modules; until then a failure is no unhandled one.
  made.catch(() => undefined);
  return made;
}

/** @throws NestError WAYBILL_NEST_TICKET_SECRET_MISSING */
function authenticateOf({
  authenticate,
  ticketSecret,
  store,
  clock,
}: WaybillNotificationsOptions): Authenticate {
  if (authenticate !== undefined) return authenticate;
  if (ticketSecret === undefined || Buffer.byteLength(ticketSecret) < MIN_SECRET_BYTES) {
    throw new NestError(
      'WAYBILL_NEST_TICKET_SECRET_MISSING',
      `WaybillNotificationsModule has ${ticketSecret === undefined ? 'no `ticketSecret`' : 'a `ticketSecret` that is too short'}: give it a random one of ${MIN_SECRET_BYTES} bytes or more, the same that createTicket() is given, or an \`authenticate\` of your own`,
    );
  }
  return (ticket) => usedTicket(ticketSecret, ticket, store, clock?.now());
}
