/** A Nest application as its users write them: decorators, injected providers, two handlers of one queue. */
import { Controller, Get, Injectable, Module } from '@nestjs/common';
import {
  memoryNotificationStore,
  OnEvent,
  WaybillConsumers,
  WaybillModule,
  WaybillNotifications,
  WaybillNotificationsModule,
  WaybillPublisher,
} from 'waybill/nestjs';
import type { WaybillStatus } from 'waybill/nestjs';
import type { EnvelopeOf } from 'waybill/contracts';
import type { HandlerContext } from 'waybill/runtime';
import { snsTransport } from 'waybill/runtime';
import { ImageFinished, ImageRemoved } from './events.ts';

const tell = (message: object): unknown => process.send?.(message);

@Injectable()
export class Gate {
  readonly #waiting: (() => void)[] = [];

  /** Handlers of images called `slow` wait here until the test lets them go. */
  wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  open(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

@Injectable()
export class Gallery {
  readonly #failed = new Set<string>();

  constructor(
    private readonly notifications: WaybillNotifications,
    private readonly gate: Gate,
  ) {}

  @OnEvent(ImageFinished)
  async show(event: EnvelopeOf<typeof ImageFinished>, context: HandlerContext): Promise<void> {
    const { eventId, eventType, tenantId, data } = event;
    tell({ type: 'begun', imageId: data.imageId, receiveCount: context.receiveCount });
    if (data.imageId.startsWith('slow')) await this.gate.wait();
    if (data.imageId.startsWith('fails-once') && !this.#failed.has(eventId)) {
      this.#failed.add(eventId);
      throw new Error('for a moment');
    }
    await this.notifications.notify(
      { tenantId, userId: data.userId },
      { id: eventId, eventType, data: { imageId: data.imageId } },
    );
    tell({ type: 'ended', imageId: data.imageId });
  }
}

@Injectable()
export class Bin {
  constructor(private readonly publisher: WaybillPublisher) {}

  /** Answers one event with another. */
  @OnEvent(ImageRemoved)
  async remove({ tenantId, data }: EnvelopeOf<typeof ImageRemoved>): Promise<void> {
    await this.publisher.publish(ImageFinished, {
      tenantId,
      data: { ...data, imageId: `${data.imageId}-removed` },
    });
  }
}

@Controller('health')
export class HealthController {
  constructor(private readonly consumers: WaybillConsumers) {}

  @Get()
  health(): WaybillStatus {
    return this.consumers.status();
  }
}

@Module({
  imports: [
    WaybillModule.forRootAsync({
      useFactory: async () => ({
        consumer: 'gallery',
        contracts: [ImageFinished, ImageRemoved],
        deadLetterQueueUrl: process.env['DEAD_LETTER_QUEUE_URL']!,
        concurrency: 2,
        backoff: { base: 1, cap: 1 },
        publishes: [ImageFinished],
        transport: snsTransport({ topicArn: process.env['TOPIC_ARN']! }),
      }),
    }),
    WaybillNotificationsModule.forRootAsync({
      path: '/push',
      useFactory: () => ({
        store: memoryNotificationStore({ firstCursorAfter: 0 }),
        ticketSecret: process.env['TICKET_SECRET']!,
        maxConnectionsPerUser: 3,
      }),
    }),
  ],
  controllers: [HealthController],
  providers: [Gallery, Bin, Gate],
})
export class ApplicationModule {}
