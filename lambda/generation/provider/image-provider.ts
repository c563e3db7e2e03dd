/** Who makes the images. An order is taken at once; what becomes of it comes by callback. */

export interface ImageOrder {
  /** Also the idempotency key: an order that is sent twice is made once. */
  readonly generationId: string;
  readonly prompt: string;
  readonly model: string;
  readonly width: number;
  readonly height: number;
}

export interface ImageProvider {
  readonly name: string;
  /**
   * @throws PermanentError when it refuses the order for good, anything else to be tried again
   */
  order(order: ImageOrder, signal: AbortSignal): Promise<void>;
}
