/** `WaybillModule`: consumers and a publisher as providers of a Nest application. */
import type { DynamicModule, FactoryProvider } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import { WaybillConsumers } from './consumers.ts';
import type { WaybillModuleAsyncOptions, WaybillModuleOptions } from './options.ts';
import { loadPeer } from './peers.ts';
import { publisherOf, WaybillPublisher } from './publisher.ts';
import type { EventPublisher } from '../lambda/runtime/types.ts';

const OPTIONS = Symbol('waybill options');
const PUBLISHER = Symbol('waybill publisher');

/**
 * Import it once, in the root module. Providers of every module may handle events, with `@OnEvent()`. Start the
 * application with `app.enableShutdownHooks()`: a signal then drains the consumers.
 *
 * What handlers need (a database pool, say) is closed in `onApplicationShutdown`; Nest calls `onModuleDestroy`
 * before the consumers have drained.
 */
// oxlint-disable-next-line typescript/no-extraneous-class -- Nest's dynamic modules are classes
export class WaybillModule {
  /**
   * @example
   * @Module({
   *   imports: [WaybillModule.forRoot({ consumer: 'gallery', queueUrl, contracts: [GenerationComplete] })],
   *   providers: [Gallery],
   * })
   * export class AppModule {}
   *
   * @throws NestError WAYBILL_NEST_PEER_MISSING
   */
  static forRoot(options: WaybillModuleOptions = {}): Promise<DynamicModule> {
    return moduleOf({ provide: OPTIONS, useFactory: () => options });
  }

  /**
   * @example
   * WaybillModule.forRootAsync({
   *   imports: [ConfigModule],
   *   inject: [ConfigService],
   *   useFactory: (config: ConfigService) => ({ queueUrl: config.getOrThrow('QUEUE_URL') }),
   * });
   */
  static forRootAsync<const Dependencies extends readonly unknown[]>(
    options: WaybillModuleAsyncOptions<Dependencies>,
  ): Promise<DynamicModule> {
    const { inject = [], useFactory, imports } = options;
    const provider = { provide: OPTIONS, inject: [...inject], useFactory } as FactoryProvider;
    return moduleOf(provider, imports);
  }
}

function moduleOf(options: FactoryProvider, imports: DynamicModule['imports'] = []): Promise<DynamicModule> {
  const made = loadPeer('waybill/nestjs', async (): Promise<DynamicModule> => {
    const { DiscoveryModule, DiscoveryService: Discovery } = await import('@nestjs/core');
    return {
      module: WaybillModule,
      global: true,
      imports: [...imports, DiscoveryModule],
      providers: [
        options,
        { provide: PUBLISHER, inject: [OPTIONS], useFactory: publisherOf },
        {
          provide: WaybillPublisher,
          inject: [{ token: PUBLISHER, optional: true }],
          useFactory: (publisher?: EventPublisher) => new WaybillPublisher(publisher),
        },
        {
          provide: WaybillConsumers,
          inject: [OPTIONS, Discovery, { token: PUBLISHER, optional: true }],
          useFactory: (
            given: WaybillModuleOptions,
            discovery: DiscoveryService,
            publisher?: EventPublisher,
          ) =>
            new WaybillConsumers(given, publisher, () => [
              ...discovery.getProviders(),
              ...discovery.getControllers(),
            ]),
        },
      ],
      exports: [WaybillPublisher, WaybillConsumers],
    };
  });
  // Nest awaits it when it scans the modules; until then a failure is no unhandled one.
  made.catch(() => undefined);
  return made;
}
