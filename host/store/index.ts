// The door of the store room.
export { openStore, type StoreOptions } from "./store.ts";
