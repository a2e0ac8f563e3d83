// One of the 64 streams, as long as a document of it is open here: makes it where it is missing, follows it with an
// ordered consumer, and notices when it is another one than before or has fallen silent. Messages of documents that are
// not open pass by. A stream that was made anew is known by the time it was created: its numbers begin again, so every
// lane starts over.
import type { ConsumerMessages, JsMsg } from "@nats-io/jetstream";
import { type BackboneContext, type Lane, messageOf } from "./lane.ts";

const NANOSECONDS_A_MS = 1_000_000;
const NANOSECONDS_A_DAY = 86_400_000 * NANOSECONDS_A_MS;
/** How long a stream recognises a message it has had: longer than a relay's retries. */
const DUPLICATE_WINDOW_MS = 120_000;
/**
 * How long a stream that was deleted is left alone before it is made again. A server (2.9.10) says it is gone before its
 * files are, and the one made meanwhile loses them: it then refuses every message, or takes them and delivers none.
 */
const REMOVAL_MS = 500;

export class Shard {
  readonly number: number;
  readonly stream: string;
  /** Lanes by their subject. */
  readonly lanes = new Map<string, Lane>();
  /** When the stream was created: names it, since its name alone does not. */
  created = "";
  /** The number of the last message that went to its lane, or passed by. */
  position = 0;
  isReady = false;
  readonly #context: BackboneContext;
  readonly #catchUp: (lane: Lane) => void;
  #messages: ConsumerMessages | undefined;
  #restarting: Promise<void> | undefined;
  #positionChecked = -1;
  /** Counts consumers. */
  #generation = 0;

  /** `catchUp` is called for each lane when the stream is followed (anew). */
  constructor(number: number, context: BackboneContext, catchUp: (lane: Lane) => void) {
    this.number = number;
    this.stream = context.subjects.streamOf(number);
    this.#context = context;
    this.#catchUp = catchUp;
  }

  /** Makes the stream if it is missing and follows it from now on; lanes then read what it had before. */
  restart(): Promise<void> {
    this.#restarting ??= this.#restart().finally(() => {
      this.#restarting = undefined;
    });
    return this.#restarting;
  }

  /** Restarts where the stream is gone, is another one, or has more than was delivered for a whole interval. */
  async check(): Promise<void> {
    if (this.#restarting !== undefined) return this.#restarting;
    if (!this.isReady) return this.restart();
    try {
      const { created, state } = await this.#context.link.manager.streams.info(this.stream);
      const isSilent = state.last_seq > this.position && this.position === this.#positionChecked;
      this.#positionChecked = this.position;
      if (created !== this.created || isSilent) await this.restart();
    } catch (error) {
      if (!this.#context.link.isMissing(error)) throw error;
      await this.restart();
    }
  }

  /** A request about this stream failed: if it is gone it is made again. */
  missed(error: unknown): void {
    if (!this.#context.link.isUp || !this.#context.link.isMissing(error)) return;
    this.#recheck();
  }

  stop(): void {
    this.isReady = false;
    this.#generation++;
    this.#messages?.stop();
    this.#messages = undefined;
  }

  async #restart(): Promise<void> {
    this.stop();
    const generation = this.#generation;
    await this.#ensure();
    const { link } = this.#context;
    const consumer = await link.jetstream.consumers.get(this.stream, { deliver_policy: link.newOnly });
    const messages = await consumer.consume({ callback: (message) => this.#take(message, generation) });
    this.#messages = messages;
    this.isReady = true;
    void this.#watch(messages);
    for (const lane of this.lanes.values()) this.#catchUp(lane);
  }

  async #ensure(): Promise<void> {
    let info = await this.#info();
    if (info === undefined && this.created !== "") {
      await this.#pause(REMOVAL_MS);
      info = await this.#info();
    }
    if (info === undefined) {
      info = await this.#create();
      await this.#context.streamMissing();
      this.#context.tell("stream-created", `stream ${this.stream} was missing and was made`);
    }
    this.created = info.created;
    this.position = info.state.last_seq;
  }

  /** Undefined where the stream is not known. */
  async #info() {
    const { link } = this.#context;
    try {
      return await link.manager.streams.info(this.stream);
    } catch (error) {
      if (link.isMissing(error)) return undefined;
      throw error;
    }
  }

  #pause(ms: number): Promise<void> {
    const { platform } = this.#context.host;
    return new Promise((resolve) => void platform.setTimer(resolve, ms, { background: true }));
  }

  #create() {
    const { link, settings, subjects } = this.#context;
    return link.manager.streams.add({
      name: this.stream,
      subjects: [subjects.allOf(this.number)],
      allow_direct: true,
      num_replicas: settings.copies,
      max_msgs_per_subject: settings.historyMessages,
      max_age: settings.historyDays * NANOSECONDS_A_DAY,
      duplicate_window: DUPLICATE_WINDOW_MS * NANOSECONDS_A_MS,
    });
  }

  /** What an earlier consumer still has on its way counts in another stream, perhaps. */
  #take(message: JsMsg, generation: number): void {
    if (generation !== this.#generation) return;
    if (message.seq > this.position) this.position = message.seq;
    this.lanes.get(message.subject)?.receive(message.data);
  }

  async #watch(messages: ConsumerMessages): Promise<void> {
    for await (const { type } of messages.status()) {
      if (messages !== this.#messages) return;
      if (type === "consumer_deleted" || type === "stream_not_found") this.#recheck();
    }
  }

  #recheck(): void {
    this.check().catch((error) => {
      this.#context.tell("failed", `stream ${this.stream}: ${messageOf(error)}; it will be tried again`);
    });
  }
}
