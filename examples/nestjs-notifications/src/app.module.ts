/** The application: one queue, one handler, notifications over WebSocket. */
import { Module } from '@nestjs/common';
import { memoryNotificationStore, WaybillModule, WaybillNotificationsModule } from 'waybill/nestjs';
import { GenerationComplete } from './events.js';
import { Gallery } from './gallery.js';
import { HttpController } from './http.controller.js';
import { Sessions } from './sessions.js';

@Module({
  imports: [
    WaybillModule.forRoot({ consumer: 'gallery', contracts: [GenerationComplete] }),
    WaybillNotificationsModule.forRootAsync({
      path: '/notifications',
      useFactory: () => ({
        // One process. With several: dynamoDbNotificationStore({ tableName }).
        store: memoryNotificationStore(),
        ticketSecret: process.env['TICKET_SECRET']!,
      }),
    }),
  ],
  controllers: [HttpController],
  providers: [Gallery, Sessions],
})
export class AppModule {}
