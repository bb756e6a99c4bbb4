-- What pandoc does not know of the book's Markdown, for the slides: tabs, and pictures
-- by their path from the root of the book.

-- A tab becomes a box with its title.
function Div(div)
  if not div.classes:includes("panel-tabset") then return end
  local panes = pandoc.List()
  for _, block in ipairs(div.content) do
    if block.t == "Header" then
      local title = pandoc.Para({ pandoc.Strong(block.content) })
      panes:insert(pandoc.Div({ title }, { class = "pane" }))
    elseif #panes > 0 then
      panes[#panes].content:insert(block)
    end
  end
  div.content = panes
  return div
end

function Image(image)
  image.src = image.src:gsub("^/", "../../")
  if image.attributes["fig-alt"] then
    image.caption = image.attributes["fig-alt"]
    image.attributes["fig-alt"] = nil
  end
  return image
end
