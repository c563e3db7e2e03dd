/** Changes the password of a RabbitMQ broker's user: the rotation function of its secret. */
import { rotate, rotationOptions } from '../service/broker-rotation.ts';
import type { RotationEvent } from '../service/broker-rotation.ts';

export const handler = (event: RotationEvent): Promise<void> => rotate(event, rotationOptions(process.env));
