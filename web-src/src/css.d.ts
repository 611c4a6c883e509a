declare module "*.css" {
  const text: string;
  export default text;
}
declare module "deep-chat/dist/deepChat.bundle.js";
